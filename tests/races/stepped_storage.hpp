#pragma once

#include <functional>
#include <string>

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

  SteppedStorage(Storage& inner, Scheduler& scheduler, Judge& judge, std::function<Fault()> fault)
      : StorageDecorator(inner), scheduler_(scheduler), judge_(judge), fault_(std::move(fault)) {}

  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override {
    return read("findGrant", [&] { return inner_.findGrant(provider, profile); });
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    return read("findGrantById", [&] { return inner_.findGrantById(id); });
  }
  Result<Version> putGrant(const Grant& grant, Version seen) override {
    return write("putGrant", [&] {
      auto written = inner_.putGrant(grant, seen);
      if (written) judge_.consented(grant);
      return written;
    });
  }
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    return write("acquireLease", [&] {
      auto leased = inner_.acquireLease(id, owner, ttl);
      if (leased) judge_.leased(*Scheduler::current());
      return leased;
    });
  }
  Result<void> releaseLease(const std::string& id, const Lease& lease) override {
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
    return write("replaceTokens", [&] { return inner_.replaceTokens(id, seen, tokens); });
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    return write("endRefresh", [&] { return inner_.endRefresh(id, lease, seen, failure); });
  }
  Result<void> revokeGrant(const std::string& id, Version seen,
                           const PendingRevocation& revocation) override {
    return write("revokeGrant", [&] {
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
    return write("replaceSealed", [&] { return inner_.replaceSealed(row); });
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
};

}  // namespace agw::test
