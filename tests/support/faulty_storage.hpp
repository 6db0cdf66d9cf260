#pragma once

#include <atomic>
#include <string>

#include "storage/storage.hpp"

namespace agw::test {

/// Wraps a storage and fails one call, counted from 1, with `Transient`, as a database that is away does.
/// `Before`: the call was never carried out. `After`: it was, and its answer was lost. Run an operation with
/// call 1 failing, then 2, then 3, until `failed()` stays false: after each, nothing may be half done.
class FaultyStorage final : public Storage {
 public:
  enum class When { Before, After };

  explicit FaultyStorage(Storage& inner) : inner_(inner) {}

  /// Counts anew: the `call`-th call from now fails. 0: none does.
  void failCall(int call, When when = When::Before) {
    calls_ = 0;
    failed_ = false;
    when_ = when;
    target_ = call;
    from_ = 0;
  }
  /// Counts anew: the `call`-th call from now fails and so does every later one: the database goes away.
  void failFrom(int call) {
    failCall(0);
    from_ = call;
  }
  /// Every call fails until `failCall`: the database is away.
  void failAll() { failCall(-1); }
  [[nodiscard]] int calls() const { return calls_; }
  [[nodiscard]] bool failed() const { return failed_; }

  Result<void> ping() override {
    return run([&] { return inner_.ping(); });
  }
  Result<std::optional<std::string>> readMeta(const std::string& name) override {
    return run([&] { return inner_.readMeta(name); });
  }
  Result<void> writeMeta(const std::string& name, const std::string& value) override {
    return run([&] { return inner_.writeMeta(name, value); });
  }
  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override {
    return run([&] { return inner_.findGrant(provider, profile); });
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    return run([&] { return inner_.findGrantById(id); });
  }
  Result<std::vector<Grant>> listGrants(const std::string& profile) override {
    return run([&] { return inner_.listGrants(profile); });
  }
  Result<std::vector<GrantCount>> countGrants(TimePoint now, TimePoint before) override {
    return run([&] { return inner_.countGrants(now, before); });
  }
  Result<int> countOtherGrants(const std::string& provider, const std::string& subject,
                               const std::string& exceptId) override {
    return run([&] { return inner_.countOtherGrants(provider, subject, exceptId); });
  }
  Result<Version> putGrant(const Grant& grant, Version seen) override {
    return run([&] { return inner_.putGrant(grant, seen); });
  }
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    return run([&] { return inner_.acquireLease(id, owner, ttl); });
  }
  Result<Grant> acquireAccountLease(const std::string& id, const std::string& owner,
                                    std::chrono::milliseconds ttl) override {
    return run([&] { return inner_.acquireAccountLease(id, owner, ttl); });
  }
  Result<void> releaseLease(const std::string& id, const Lease& lease) override {
    return run([&] { return inner_.releaseLease(id, lease); });
  }
  Result<std::vector<DueGrant>> claimDueGrants(const std::string& provider, TimePoint now,
                                               std::chrono::seconds claim, int limit) override {
    return run([&] { return inner_.claimDueGrants(provider, now, claim, limit); });
  }
  Result<void> postponeRenewals(const std::vector<Postponement>& postponements) override {
    return run([&] { return inner_.postponeRenewals(postponements); });
  }
  Result<void> markRead(const std::vector<std::string>& ids, TimePoint at) override {
    return run([&] { return inner_.markRead(ids, at); });
  }
  Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override {
    return run([&] { return inner_.replaceTokens(id, seen, tokens); });
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    return run([&] { return inner_.endRefresh(id, lease, seen, failure); });
  }
  Result<void> revokeGrant(const std::string& id, Version seen,
                           const PendingRevocation& revocation) override {
    return run([&] { return inner_.revokeGrant(id, seen, revocation); });
  }
  void listen(GrantListener& listener) override { inner_.listen(listener); }
  void unlisten(GrantListener& listener) override { inner_.unlisten(listener); }
  [[nodiscard]] bool tellsOthersWrites() const override { return inner_.tellsOthersWrites(); }
  Result<void> queueRevocation(const PendingRevocation& revocation) override {
    return run([&] { return inner_.queueRevocation(revocation); });
  }
  Result<std::vector<PendingRevocation>> claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                          int limit) override {
    return run([&] { return inner_.claimRevocations(now, claim, limit); });
  }
  Result<void> postponeRevocation(const std::string& id, TimePoint notBefore) override {
    return run([&] { return inner_.postponeRevocation(id, notBefore); });
  }
  Result<void> deleteRevocation(const std::string& id) override {
    return run([&] { return inner_.deleteRevocation(id); });
  }
  Result<std::vector<Grant>> listGrantsOfSubject(const std::string& provider,
                                                 const std::string& subject) override {
    return run([&] { return inner_.listGrantsOfSubject(provider, subject); });
  }
  Result<void> deleteGrant(const std::string& id, Version seen) override {
    return run([&] { return inner_.deleteGrant(id, seen); });
  }
  Result<bool> knowsDelivery(const std::string& provider, const std::string& delivery) override {
    return run([&] { return inner_.knowsDelivery(provider, delivery); });
  }
  Result<void> rememberDelivery(const std::string& provider, const std::string& delivery,
                                TimePoint at) override {
    return run([&] { return inner_.rememberDelivery(provider, delivery, at); });
  }
  Result<int> deleteDeliveries(TimePoint before, int limit) override {
    return run([&] { return inner_.deleteDeliveries(before, limit); });
  }
  Result<void> createInstallFlow(const InstallFlow& flow) override {
    return run([&] { return inner_.createInstallFlow(flow); });
  }
  Result<InstallFlow> consumeInstallState(InstallStep step, const std::string& stateHash) override {
    return run([&] { return inner_.consumeInstallState(step, stateHash); });
  }
  Result<int> deleteInstallFlows(TimePoint before, int limit) override {
    return run([&] { return inner_.deleteInstallFlows(before, limit); });
  }
  Result<std::vector<Installation>> listInstallations(const InstallationFilter& filter) override {
    return run([&] { return inner_.listInstallations(filter); });
  }
  Result<std::optional<Installation>> findInstallation(const std::string& id) override {
    return run([&] { return inner_.findInstallation(id); });
  }
  Result<std::optional<Installation>> findLivingInstallation(const std::string& provider,
                                                             const std::string& orgId) override {
    return run([&] { return inner_.findLivingInstallation(provider, orgId); });
  }
  Result<std::optional<Installation>> findLivingInstallationById(const std::string& provider,
                                                                 const std::string& installationId) override {
    return run([&] { return inner_.findLivingInstallationById(provider, installationId); });
  }
  Result<std::vector<Installation>> putInstallations(
      const std::vector<Grant>& grants, const std::vector<Installation>& installations) override {
    return run([&] { return inner_.putInstallations(grants, installations); });
  }
  Result<Version> updateInstallation(const Installation& installation, Version seen) override {
    return run([&] { return inner_.updateInstallation(installation, seen); });
  }
  Result<bool> endInstallation(const InstallationEnd& end) override {
    return run([&] { return inner_.endInstallation(end); });
  }
  Result<void> createFlow(const Flow& flow) override {
    return run([&] { return inner_.createFlow(flow); });
  }
  Result<std::optional<Flow>> findFlow(const std::string& id) override {
    return run([&] { return inner_.findFlow(id); });
  }
  Result<Flow> consumeState(const std::string& stateHash) override {
    return run([&] { return inner_.consumeState(stateHash); });
  }
  Result<void> advanceFlow(const Flow& flow, FlowStatus from) override {
    return run([&] { return inner_.advanceFlow(flow, from); });
  }
  Result<Flow> countConfirmationTry(const std::string& id) override {
    return run([&] { return inner_.countConfirmationTry(id); });
  }
  Result<std::vector<Flow>> expireFlows(TimePoint now, const std::string& error, std::chrono::seconds keep,
                                        int limit) override {
    return run([&] { return inner_.expireFlows(now, error, keep, limit); });
  }
  Result<std::vector<Flow>> claimDevicePolls(TimePoint now, std::chrono::seconds claim, int limit) override {
    return run([&] { return inner_.claimDevicePolls(now, claim, limit); });
  }
  Result<void> scheduleDevicePoll(const std::string& id, TimePoint at,
                                  std::chrono::seconds interval) override {
    return run([&] { return inner_.scheduleDevicePoll(id, at, interval); });
  }
  Result<void> createApiKey(const ApiKeyRecord& key) override {
    return run([&] { return inner_.createApiKey(key); });
  }
  Result<std::optional<ApiKeyRecord>> findApiKey(const std::string& keyHash) override {
    return run([&] { return inner_.findApiKey(keyHash); });
  }
  Result<std::vector<ApiKeyRecord>> listApiKeys() override {
    return run([&] { return inner_.listApiKeys(); });
  }
  Result<void> revokeApiKey(const std::string& idOrName, TimePoint at) override {
    return run([&] { return inner_.revokeApiKey(idOrName, at); });
  }
  Result<void> touchApiKey(const std::string& id, TimePoint at) override {
    return run([&] { return inner_.touchApiKey(id, at); });
  }
  Result<void> appendAudit(const AuditEvent& event) override {
    return run([&] { return inner_.appendAudit(event); });
  }
  Result<std::vector<AuditEvent>> listAudit(int limit) override {
    return run([&] { return inner_.listAudit(limit); });
  }
  Result<void> putProvider(const ProviderRow& row) override {
    return run([&] { return inner_.putProvider(row); });
  }
  Result<std::vector<ProviderRow>> listProviders() override {
    return run([&] { return inner_.listProviders(); });
  }
  Result<std::vector<SealedRow>> sealedRows(const std::string& afterTable, const std::string& afterId,
                                            int limit) override {
    return run([&] { return inner_.sealedRows(afterTable, afterId, limit); });
  }
  Result<void> replaceSealed(const SealedRow& row) override {
    return run([&] { return inner_.replaceSealed(row); });
  }

 private:
  template <class Call>
  auto run(Call call) -> decltype(call()) {
    const int number = ++calls_;
    const bool fails = target_ == -1 || number == target_ || (from_ > 0 && number >= from_);
    if (fails) failed_ = true;
    if (fails && when_ == When::Before) return away();
    auto result = call();
    if (fails) return away();
    return result;
  }
  static Error away() {
    return Error{.kind = ErrorKind::Transient,
                 .message = "The database does not answer. Try again shortly.",
                 .code = "unavailable",
                 .retryAfter = std::chrono::seconds(1)};
  }

  Storage& inner_;
  std::atomic<int> calls_{0};
  std::atomic<int> target_{0};
  std::atomic<int> from_{0};
  std::atomic<bool> failed_{false};
  std::atomic<When> when_{When::Before};
};

}  // namespace agw::test
