#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "races/judge.hpp"
#include "races/scheduler.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {

/// One replica's way to the shared storage: gives the processor away before each call, and after each write,
/// where its answer is under way. Threads that are no actors get no answer, for when they ask depends on
/// time.
class SteppedStorage final : public StorageDecorator {
 public:
  enum class Fault { None, NotCarriedOut, AnswerLost };
  /// What a replica's copies of grants hear of writes.
  enum class Hearing {
    All,              ///< its own before they return, others' when they are delivered
    NotItsOwn,        ///< a guard taken out
    NotOthers,        ///< a guard taken out
    NotWhileItReads,  ///< a guard taken out: a write finds no copy to end, and the row read before it becomes
                      ///< one
  };

  SteppedStorage(Storage& inner, Scheduler& scheduler, Judge& judge, std::function<Fault()> fault,
                 Hearing hearing = Hearing::All)
      : StorageDecorator(inner),
        scheduler_(scheduler),
        judge_(judge),
        fault_(std::move(fault)),
        hearing_(hearing) {}

  // ---- copies of grants
  void listen(GrantListener& listener) override { listeners_.push_back(&listener); }
  void unlisten(GrantListener& listener) override { std::erase(listeners_, &listener); }
  /// Tells the other replicas; set by the world.
  std::function<void(const std::string& id, const std::string& profile)> tellOthers;
  /// Another replica's write is on its way here.
  void expect(const std::string& id, const std::string& profile) { underWay_.push_back({id, profile}); }
  /// What is under way to here arrives, the oldest first. False when nothing is.
  bool deliver() {
    if (underWay_.empty()) return false;
    const auto [id, profile] = underWay_.front();
    underWay_.pop_front();
    if (hearing_ != Hearing::NotOthers) tell(id);
    arrived_[profile] = scheduler_.now();
    return true;
  }
  /// Whether this replica could not know of all that was written about the grant until `moment`.
  [[nodiscard]] bool behind(const std::string& profile, std::uint64_t moment) const {
    const auto late = arrived_.find(profile);
    return (late != arrived_.end() && late->second >= moment) ||
           std::any_of(underWay_.begin(), underWay_.end(),
                       [&](const auto& told) { return told.profile == profile; });
  }

  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override {
    const Reading reading{++reading_};
    auto row = read("findGrant", [&] { return inner_.findGrant(provider, profile); });
    if (row) scheduler_.step("answer to findGrant");
    return row;
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    return read("findGrantById", [&] { return inner_.findGrantById(id); });
  }
  Result<Version> putGrant(const Grant& grant, Version seen) override {
    return change("putGrant", grant.id, [&] {
      auto written = inner_.putGrant(grant, seen);
      if (written) judge_.consented(grant);
      return written;
    });
  }
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    const Told told{*this, id};  // the others are not told of a lease
    return write("acquireLease", [&] {
      auto leased = inner_.acquireLease(id, owner, ttl);
      if (leased) judge_.leased(*Scheduler::current());
      return leased;
    });
  }
  Result<void> releaseLease(const std::string& id, const Lease& lease) override {
    const Told told{*this, id};
    return write("releaseLease", [&] { return inner_.releaseLease(id, lease); });
  }
  Result<std::vector<DueGrant>> claimDueGrants(const std::string& provider, TimePoint now,
                                               std::chrono::seconds claim, int limit) override {
    return write("claimDueGrants", [&] { return inner_.claimDueGrants(provider, now, claim, limit); });
  }
  Result<void> postponeRenewals(const std::vector<Postponement>& postponements) override {
    return write("postponeRenewals", [&] { return inner_.postponeRenewals(postponements); });
  }
  Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override {
    return change("replaceTokens", id, [&] { return inner_.replaceTokens(id, seen, tokens); });
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    return change("endRefresh", id, [&] { return inner_.endRefresh(id, lease, seen, failure); });
  }
  Result<void> revokeGrant(const std::string& id, Version seen,
                           const PendingRevocation& revocation) override {
    return change("revokeGrant", id, [&] {
      auto removed = inner_.revokeGrant(id, seen, revocation);
      if (removed) judge_.removed(revocation.profile);
      return removed;
    });
  }
  Result<void> queueRevocation(const PendingRevocation& revocation) override {
    return write("queueRevocation", [&] { return inner_.queueRevocation(revocation); });
  }
  Result<std::vector<PendingRevocation>> claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                          int limit) override {
    return write("claimRevocations", [&] { return inner_.claimRevocations(now, claim, limit); });
  }
  Result<void> postponeRevocation(const std::string& id, TimePoint notBefore) override {
    return write("postponeRevocation", [&] { return inner_.postponeRevocation(id, notBefore); });
  }
  Result<void> deleteRevocation(const std::string& id) override {
    return write("deleteRevocation", [&] { return inner_.deleteRevocation(id); });
  }
  Result<Flow> consumeState(const std::string& stateHash) override {
    return write("consumeState", [&] { return inner_.consumeState(stateHash); });
  }
  Result<void> advanceFlow(const Flow& flow, FlowStatus from) override {
    return write("advanceFlow", [&] { return inner_.advanceFlow(flow, from); });
  }
  Result<std::vector<SealedRow>> sealedRows(const std::string& afterTable, const std::string& afterId,
                                            int limit) override {
    return read("sealedRows", [&] { return inner_.sealedRows(afterTable, afterId, limit); });
  }
  Result<void> replaceSealed(const SealedRow& row) override {
    return change("replaceSealed", row.id, [&] { return inner_.replaceSealed(row); });
  }

 private:
  template <class Call>
  auto read(const char* place, Call call) -> decltype(call()) {
    return perform(place, false, call);
  }
  template <class Call>
  auto write(const char* place, Call call) -> decltype(call()) {
    return perform(place, true, call);
  }
  /// A write to a grant: the others are told when it is carried out, the replica itself when its answer
  /// comes, whichever that is.
  template <class Call>
  auto change(const char* place, const std::string& id, Call call) -> decltype(call()) {
    const Told told{*this, id};
    return write(place, [&] {
      const auto before = inner_.findGrantById(id);
      auto result = call();
      if (result && before && *before && tellOthers) tellOthers(id, (*before)->profile);
      return result;
    });
  }
  struct Told {
    SteppedStorage& storage;
    const std::string& id;
    ~Told() {
      if (Scheduler::current() && storage.hearing_ != Hearing::NotItsOwn) storage.tell(id);
    }
  };
  struct Reading {
    int& count;
    ~Reading() { --count; }
  };
  void tell(const std::string& id) {
    if (hearing_ == Hearing::NotWhileItReads && reading_ > 0) return;
    for (auto* listener : listeners_) listener->grantChanged(id);
  }

  template <class Call>
  auto perform(const char* place, bool writes, Call call) -> decltype(call()) {
    auto* actor = Scheduler::current();
    if (!actor || actor->abandoned) return away();
    scheduler_.step(place);
    const Fault fault = fault_();
    if (fault != Fault::None) judge_.disturbed(*actor);
    if (fault == Fault::NotCarriedOut) return away();
    auto result = call();
    if (writes) scheduler_.step(std::string("answer to ") + place);
    if (fault == Fault::AnswerLost) return away();
    return result;
  }
  static Error away() {
    return {.kind = ErrorKind::Transient, .message = "The database does not answer.", .code = "unavailable"};
  }

  Scheduler& scheduler_;
  Judge& judge_;
  std::function<Fault()> fault_;
  const Hearing hearing_;
  struct Write {
    std::string id;
    std::string profile;
  };
  std::vector<GrantListener*> listeners_;
  std::deque<Write> underWay_;
  std::map<std::string, std::uint64_t> arrived_;  ///< by profile: when something last did
  int reading_ = 0;
};

}  // namespace agw::test
