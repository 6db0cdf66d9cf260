#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/consent.hpp"
#include "broker/renewal_schedule.hpp"
#include "broker/revoke.hpp"
#include "broker/tokens.hpp"
#include "races/judge.hpp"
#include "races/scheduler.hpp"
#include "races/stepped_provider.hpp"
#include "races/stepped_storage.hpp"
#include "storage/open.hpp"

namespace agw::test {

/// What a run has besides its replicas and their callers.
enum class Hardship {
  None,     ///< time goes on, but not past a lease under which a refresh is going on
  Pauses,   ///< a replica may be stopped for longer than its lease
  Crashes,  ///< a replica may die at any step and is started again
  Faults,   ///< calls to the storage and to the provider may fail, carried out or not
};

/// What becomes of a spent refresh token at the provider.
enum class Rotation { EndsFamily, Refused, Grace, None };

struct Plan {
  std::uint64_t seed = 1;
  Hardship hardship = Hardship::None;
  Rotation rotation = Rotation::EndsFamily;
  /// Puts something between the shared storage and all replicas: a guard taken out.
  std::function<std::unique_ptr<Storage>(Storage&)> spoil{};
  SteppedStorage::Hearing hearing = SteppedStorage::Hearing::All;
};

/// Two or three replicas of the token engine over one storage, one provider and one clock; callers who read,
/// demand renewals, revoke, consent anew and rotate keys; one interleaving of them all, chosen by the seed.
/// Each replica has copies of grants; what others write is told to it some steps later, and before a second
/// goes by.
class World {
 public:
  explicit World(Plan plan);
  ~World();

  /// The whole run, to the judgement. Once for each world.
  void run();
  [[nodiscard]] const std::vector<std::string>& violations() const { return judge_.violations(); }
  /// For people: what happened, step by step.
  [[nodiscard]] std::string story() const;

 private:
  struct Replica;
  using Operation = void (World::*)(Scheduler::Actor&);

  void addCallers();
  void act(const std::string& name, int replica, std::vector<Operation> operations);
  void perform(Scheduler::Actor& actor, Operation operation);
  void alone(const std::string& name, const std::function<void(Scheduler::Actor&)>& body);
  Operation anyOperation();

  // Operations of callers; `actor.profile` says whose grant they are about.
  void readPlainly(Scheduler::Actor& actor) { read(actor, {}, false); }
  void readForLong(Scheduler::Actor& actor) { read(actor, std::chrono::seconds(1800), false); }
  void demandRenewal(Scheduler::Actor& actor) { read(actor, {}, true); }
  void read(Scheduler::Actor& actor, std::optional<std::chrono::seconds> minTtl, bool force);
  void revoke(Scheduler::Actor& actor);
  void consent(Scheduler::Actor& actor);
  void rotateKey(Scheduler::Actor& actor);
  void keepHouse(Scheduler::Actor& actor);
  void renewWhatIsDue(Scheduler::Actor& actor);

  void happen();
  void letTimePass();
  void deliverAll();
  void crash(Replica& replica);
  [[nodiscard]] bool mayPass(std::chrono::seconds time) const;
  [[nodiscard]] Scheduler::Actor& next(const std::vector<Scheduler::Actor*>& waiting);
  SteppedStorage::Fault storageFault();
  SteppedProvider::Fault providerFault();
  void settle();

  const Plan plan_;
  Scheduler scheduler_;
  FakeClock clock_;
  ActorRandom random_;
  RecordingLog log_;
  std::vector<FernetKey> keys_;
  Vault vault_;
  std::unique_ptr<Storage> memory_;
  std::unique_ptr<Storage> spoiled_;
  std::shared_ptr<FakeProvider> provider_;
  Judge judge_;
  FakeDirectory directory_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  Scheduler::Actor* last_ = nullptr;
  std::uint64_t sticks_ = 1;
  bool settling_ = false;
};

}  // namespace agw::test
