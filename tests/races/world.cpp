#include "races/world.hpp"

#include <algorithm>
#include <sstream>

#include "app/reencrypt.hpp"

namespace agw::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLeaseLife{15'000};
/// No more goes by at once while a request is about to leave: a stop between the engine's last look at its
/// lease and the first octet of its request is beyond anybody's guard.
constexpr seconds kShort{1};
constexpr std::uint64_t kMostSteps = 5'000;
const std::vector<std::string> kProfiles = {"alice@x.com", "bob@x.com"};

BrokerSettings settingsOf(int replica) {
  BrokerSettings settings;
  settings.replica = "replica-" + std::to_string(replica);
  settings.leaseLife = kLeaseLife;
  settings.refreshBuffer = seconds(600);
  // Renewals that nobody waits for run in whoever starts them, which is an actor.
  settings.refreshThreads = 0;
  settings.waitForRefresh = milliseconds(1'000);  // some looks at another replica's refresh
  settings.maxWaiters = 0;                        // nobody sleeps inside a replica
  return settings;
}

Identity personOf(const std::string& profile) {
  return {"https://issuer.test", "subject-" + profile, profile, true};
}

FakeProvider::Rules rulesOf(Rotation rotation) {
  FakeProvider::Rules rules;
  rules.rotates = rotation != Rotation::None;
  rules.endsFamilyOnReuse = rotation == Rotation::EndsFamily;
  rules.grace = rotation == Rotation::Grace;
  return rules;
}

}  // namespace

struct World::Replica {
  Replica(World& world, int which)
      : number(which),
        storage(
            *world.spoiled_, world.scheduler_, world.judge_, [&world] { return world.storageFault(); },
            world.plan_.hearing),
        revoke({storage, world.directory_, world.vault_, world.clock_, world.random_, world.log_}),
        consent({storage, world.directory_, world.vault_, world.clock_, world.random_, world.log_, revoke,
                 settingsOf(which)}),
        tokens({storage, world.directory_, world.vault_, world.clock_, world.random_, world.log_, revoke,
                settingsOf(which),
                [&world](milliseconds time) {
                  world.clock_.advance(time);
                  world.scheduler_.step("pause");
                }}),
        reads(world.clock_),
        schedule({storage, world.directory_, tokens, reads, world.clock_, settingsOf(which)}) {
    storage.tellOthers = [&world, which](const std::string& id, const std::string& profile) {
      for (auto& other : world.replicas_) {
        if (other && other->number != which) other->storage.expect(id, profile);
      }
    };
  }

  const int number;
  SteppedStorage storage;
  RevokeService revoke;
  ConsentService consent;
  TokenService tokens;
  ReadStamps reads;
  RenewalSchedule schedule;
};

World::World(Plan plan)
    : plan_(std::move(plan)),
      scheduler_(plan_.seed),
      keys_{*FernetKey::generate(random_), *FernetKey::generate(random_)},
      vault_(keys_, clock_, random_),
      memory_(makeMemoryStorage(clock_)),
      spoiled_(plan_.spoil ? plan_.spoil(*memory_) : std::make_unique<StorageDecorator>(*memory_)),
      provider_(std::make_shared<FakeProvider>("fake")),
      judge_(*provider_, *memory_, vault_, clock_, scheduler_, kLeaseLife) {
  provider_->rules = rulesOf(plan_.rotation);
  directory_.set(
      std::make_shared<SteppedProvider>(*provider_, scheduler_, judge_, [this] { return providerFault(); }));
  sticks_ = 1 + scheduler_.draw(8);
}

World::~World() {
  scheduler_.end();
}

// ---- callers

void World::addCallers() {
  const int count = static_cast<int>(2 + scheduler_.draw(2));
  for (int number = 0; number < count; ++number) {
    replicas_.push_back(std::make_unique<Replica>(*this, number));
  }
  for (const auto& profile : kProfiles) {
    alone("first consent", [this, profile](Scheduler::Actor& actor) {
      actor.profile = profile;
      consent(actor);
    });
  }
  // What a failed write leaves in a replica is guarded by a lock during a call of the storage: then two
  // actors of one replica must not be there at once.
  const int perReplica = plan_.hardship == Hardship::Faults ? 1 : 2;
  for (int number = 0; number < count; ++number) {
    for (int caller = 0; caller < perReplica; ++caller) {
      std::vector<Operation> operations;
      const auto some = 1 + scheduler_.draw(4);
      for (std::uint64_t i = 0; i < some; ++i) operations.push_back(anyOperation());
      act("replica " + std::to_string(number) + " caller " + std::to_string(caller), number,
          std::move(operations));
    }
  }
}

World::Operation World::anyOperation() {
  static const std::vector<Operation> all = {
      &World::readPlainly,    &World::readPlainly,   &World::readPlainly,   &World::readForLong,
      &World::demandRenewal,  &World::readForLong,   &World::demandRenewal, &World::readPlainly,
      &World::revoke,         &World::consent,       &World::rotateKey,     &World::keepHouse,
      &World::renewWhatIsDue, &World::renewWhatIsDue};
  return all[scheduler_.draw(all.size())];
}

void World::act(const std::string& name, int replica, std::vector<Operation> operations) {
  auto& actor = scheduler_.add(name, replica);
  scheduler_.setBody(actor, [this, &actor, operations = std::move(operations)] {
    for (const auto operation : operations) perform(actor, operation);
  });
}

void World::perform(Scheduler::Actor& actor, Operation operation) {
  actor.profile = kProfiles[scheduler_.oneIn(4) ? 1 : 0];
  actor.disturbed = false;
  actor.begun = scheduler_.now();
  try {
    (this->*operation)(actor);
  } catch (const Scheduler::Abandoned&) {
    if (!scheduler_.recover(actor)) throw;
  }
  actor.profile.clear();
  scheduler_.step("between operations");
}

// One actor that nobody disturbs.
void World::alone(const std::string& name, const std::function<void(Scheduler::Actor&)>& body) {
  auto& actor = scheduler_.add(name, 0);
  scheduler_.setBody(actor, [&actor, &body, this] {
    actor.begun = scheduler_.now();
    body(actor);
  });
  while (!actor.ended && scheduler_.now() < 2 * kMostSteps) scheduler_.resume(actor);
}

void World::read(Scheduler::Actor& actor, std::optional<seconds> minTtl, bool force) {
  const TokenRequest request{.provider = "fake",
                             .profile = actor.profile,
                             .minTtl = minTtl,
                             .scopes = {},
                             .forceRefresh = force,
                             .requestId = "r"};
  const auto before = judge_.beforeRead(actor.profile);
  const auto answer = replicas_[static_cast<std::size_t>(actor.replica)]->tokens.token(request);
  scheduler_.note(actor.name + " read " + actor.profile + ": " +
                  (answer ? std::string(answer->accessToken.reveal()) : answer.error().code));
  const auto& storage = replicas_[static_cast<std::size_t>(actor.replica)]->storage;
  judge_.read(actor, request, before, answer, storage.behind(actor.profile, actor.begun));
}

void World::revoke(Scheduler::Actor& actor) {
  auto& replica = *replicas_[static_cast<std::size_t>(actor.replica)];
  const auto outcome = replica.revoke.revoke("fake", actor.profile, "key", "r");
  scheduler_.note(actor.name + " revoked " + actor.profile + ": " +
                  (outcome ? "done" : outcome.error().code));
  if (outcome) judge_.revokedHere(actor);
}

void World::consent(Scheduler::Actor& actor) {
  auto& replica = *replicas_[static_cast<std::size_t>(actor.replica)];
  Caller caller{.keyId = "key", .name = "races", .permissions = Permissions::all()};
  const auto link = replica.consent.begin(
      {.provider = "fake", .profile = actor.profile, .scopes = {}, .redirectAfter = {}, .requestId = "r"},
      caller);
  if (!link) return;
  CallbackParameters parameters;
  parameters.provider = "fake";
  parameters.state = FakeProvider::parameter(link->authUrl, "state");
  parameters.code = provider_->consent(link->authUrl, personOf(actor.profile));
  parameters.requestId = "r";
  const auto outcome = replica.consent.finish(parameters);
  scheduler_.note(actor.name + " consented for " + actor.profile + ": " +
                  (outcome.status == FlowStatus::Completed ? "completed" : outcome.error.code));
}

// All replicas read with both keys; whoever rotates brings every row to the other one.
void World::rotateKey(Scheduler::Actor& actor) {
  auto& replica = *replicas_[static_cast<std::size_t>(actor.replica)];
  auto ring = keys_;
  if (scheduler_.oneIn(2)) std::swap(ring[0], ring[1]);
  const Vault vault(ring, clock_, random_);
  Reencryption reencryption(
      replica.storage, vault, ring, [](const std::string&) {}, [this] { scheduler_.step("pause"); });
  const auto replaced = reencryption.run();
  scheduler_.note(actor.name + " rotated the key: " + (replaced ? std::to_string(*replaced) : "failed"));
}

// The background's round: it is about everybody's grants.
void World::renewWhatIsDue(Scheduler::Actor& actor) {
  actor.profile = Judge::kEverybody;
  (void)replicas_[static_cast<std::size_t>(actor.replica)]->schedule.round();
}

void World::keepHouse(Scheduler::Actor& actor) {
  auto& replica = *replicas_[static_cast<std::size_t>(actor.replica)];
  (void)replica.revoke.retryPending();
  (void)replica.consent.expire();
}

// ---- what happens

void World::run() {
  addCallers();
  while (true) {
    const auto waiting = scheduler_.waiting();
    if (waiting.empty()) break;
    if (scheduler_.now() > kMostSteps) {
      judge_.violation("the run does not end");
      return;
    }
    happen();
    scheduler_.resume(next(scheduler_.waiting()));
  }
  for (const auto& profile : kProfiles) judge_.standstill(profile);
  settle();
  for (const auto& line : log_.lines()) {
    if (line.find("CANARY") != std::string::npos) judge_.violation("a secret is in the log: " + line);
  }
}

Scheduler::Actor& World::next(const std::vector<Scheduler::Actor*>& waiting) {
  const bool stays = last_ && !last_->ended && !scheduler_.oneIn(sticks_);
  if (!stays) last_ = waiting[scheduler_.draw(waiting.size())];
  return *last_;
}

void World::happen() {
  if (scheduler_.oneIn(4)) replicas_[scheduler_.draw(replicas_.size())]->storage.deliver();
  if (scheduler_.oneIn(12)) letTimePass();
  if (plan_.hardship == Hardship::Crashes && scheduler_.oneIn(40)) {
    crash(*replicas_[scheduler_.draw(replicas_.size())]);
  }
}

void World::letTimePass() {
  static const std::vector<seconds> steps = {seconds(1), seconds(4), seconds(16), seconds(40), seconds(3600)};
  const auto time = steps[scheduler_.draw(steps.size())];
  if (!mayPass(time)) return;
  deliverAll();
  clock_.advance(time);
  scheduler_.note("time goes on by " + std::to_string(time.count()) + " s");
}

void World::deliverAll() {
  for (auto& replica : replicas_) {
    while (replica->storage.deliver()) {
    }
  }
}

bool World::mayPass(seconds time) const {
  const auto waiting = scheduler_.waiting();
  return std::none_of(waiting.begin(), waiting.end(), [&](const Scheduler::Actor* actor) {
    if (plan_.hardship == Hardship::None && time > kShort) return !actor->profile.empty();
    return actor->place == SteppedProvider::kLeaving && time > kShort;
  });
}

// Everything that the process was doing ends where it stands; what it had in memory is gone.
void World::crash(Replica& replica) {
  scheduler_.note("replica " + std::to_string(replica.number) + " dies");
  const int number = replica.number;
  for (auto* actor : scheduler_.waiting()) {
    if (actor->replica != number || actor->profile.empty()) continue;
    judge_.abandoned(*actor);
    scheduler_.abandon(*actor);
  }
  auto& place = replicas_[static_cast<std::size_t>(number)];
  place.reset();
  place = std::make_unique<Replica>(*this, number);
}

SteppedStorage::Fault World::storageFault() {
  if (plan_.hardship != Hardship::Faults || settling_ || replicas_.empty() || !scheduler_.oneIn(25)) {
    return SteppedStorage::Fault::None;
  }
  return scheduler_.oneIn(2) ? SteppedStorage::Fault::NotCarriedOut : SteppedStorage::Fault::AnswerLost;
}

SteppedProvider::Fault World::providerFault() {
  if (plan_.hardship != Hardship::Faults || settling_ || !scheduler_.oneIn(8)) return std::nullopt;
  const Error timedOut{.kind = ErrorKind::Transient, .message = "timed out"};
  const Error notReached{.kind = ErrorKind::Transient, .message = "not reached", .facts = {{"sent", {"no"}}}};
  const Error busy{.kind = ErrorKind::RateLimited, .message = "busy", .retryAfter = seconds(5)};
  switch (scheduler_.draw(4)) {
    case 0:
      return std::pair(timedOut, FakeProvider::When::After);
    case 1:
      return std::pair(timedOut, FakeProvider::When::Before);
    case 2:
      return std::pair(notReached, FakeProvider::When::Before);
    default:
      return std::pair(busy, FakeProvider::When::Before);
  }
}

// Everything is well again: housekeeping, and a read of each grant past its access token's end.
void World::settle() {
  settling_ = true;
  deliverAll();
  alone("settling", [this](Scheduler::Actor& actor) {
    for (auto& replica : replicas_) {
      if (!replica->tokens.drain(milliseconds(2'000))) judge_.violation("a rotated token stays unstored");
    }
    for (const auto pause : {seconds(70), seconds(900), seconds(3600), seconds(3600)}) {
      clock_.advance(pause);
      for (auto& replica : replicas_) {
        (void)replica->revoke.retryPending();
        (void)replica->consent.expire();
      }
    }
    for (const auto& profile : kProfiles) {
      actor.profile = profile;
      TokenRequest request;
      request.provider = "fake";
      request.profile = profile;
      const auto answer = replicas_.front()->tokens.token(request);
      scheduler_.note("in the end " + profile + " reads " +
                      (answer ? std::string(answer->accessToken.reveal()) : answer.error().code));
      judge_.settled(profile, answer);
    }
  });
}

std::string World::story() const {
  std::ostringstream story;
  for (const auto& line : scheduler_.trace()) story << "  " << line << '\n';
  return story.str();
}

}  // namespace agw::test
