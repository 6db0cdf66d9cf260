#pragma once

#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace agw::test {

/// Hands every call to another storage; tests override what they want to see, delay or spoil.
class StorageDecorator : public Storage {
 public:
  explicit StorageDecorator(Storage& inner) : inner_(inner) {}

  Result<void> ping() override { return inner_.ping(); }
  Result<std::optional<std::string>> readMeta(const std::string& name) override {
    return inner_.readMeta(name);
  }
  Result<void> writeMeta(const std::string& name, const std::string& value) override {
    return inner_.writeMeta(name, value);
  }
  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override {
    return inner_.findGrant(provider, profile);
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    return inner_.findGrantById(id);
  }
  Result<std::vector<Grant>> listGrants(const std::string& profile) override {
    return inner_.listGrants(profile);
  }
  Result<std::vector<GrantCount>> countGrants(TimePoint now, TimePoint before) override {
    return inner_.countGrants(now, before);
  }
  Result<int> countOtherGrants(const std::string& provider, const std::string& subject,
                               const std::string& exceptId) override {
    return inner_.countOtherGrants(provider, subject, exceptId);
  }
  Result<Version> putGrant(const Grant& grant, Version seen) override { return inner_.putGrant(grant, seen); }
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    return inner_.acquireLease(id, owner, ttl);
  }
  Result<Grant> acquireAccountLease(const std::string& id, const std::string& owner,
                                    std::chrono::milliseconds ttl) override {
    return inner_.acquireAccountLease(id, owner, ttl);
  }
  Result<void> releaseLease(const std::string& id, const Lease& lease) override {
    return inner_.releaseLease(id, lease);
  }
  Result<std::vector<DueGrant>> claimDueGrants(const std::string& provider, TimePoint now,
                                               std::chrono::seconds claim, int limit) override {
    return inner_.claimDueGrants(provider, now, claim, limit);
  }
  Result<void> postponeRenewals(const std::vector<Postponement>& postponements) override {
    return inner_.postponeRenewals(postponements);
  }
  Result<void> markRead(const std::vector<std::string>& ids, TimePoint at) override {
    return inner_.markRead(ids, at);
  }
  Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override {
    return inner_.replaceTokens(id, seen, tokens);
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    return inner_.endRefresh(id, lease, seen, failure);
  }
  Result<void> revokeGrant(const std::string& id, Version seen,
                           const PendingRevocation& revocation) override {
    return inner_.revokeGrant(id, seen, revocation);
  }
  void listen(GrantListener& listener) override { inner_.listen(listener); }
  void unlisten(GrantListener& listener) override { inner_.unlisten(listener); }
  [[nodiscard]] bool tellsOthersWrites() const override { return inner_.tellsOthersWrites(); }
  Result<void> queueRevocation(const PendingRevocation& revocation) override {
    return inner_.queueRevocation(revocation);
  }
  Result<std::vector<PendingRevocation>> claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                          int limit) override {
    return inner_.claimRevocations(now, claim, limit);
  }
  Result<void> postponeRevocation(const std::string& id, TimePoint notBefore) override {
    return inner_.postponeRevocation(id, notBefore);
  }
  Result<void> deleteRevocation(const std::string& id) override { return inner_.deleteRevocation(id); }
  Result<std::vector<Grant>> listGrantsOfSubject(const std::string& provider,
                                                 const std::string& subject) override {
    return inner_.listGrantsOfSubject(provider, subject);
  }
  Result<void> deleteGrant(const std::string& id, Version seen) override {
    return inner_.deleteGrant(id, seen);
  }
  Result<bool> knowsDelivery(const std::string& provider, const std::string& delivery) override {
    return inner_.knowsDelivery(provider, delivery);
  }
  Result<void> rememberDelivery(const std::string& provider, const std::string& delivery,
                                TimePoint at) override {
    return inner_.rememberDelivery(provider, delivery, at);
  }
  Result<int> deleteDeliveries(TimePoint before, int limit) override {
    return inner_.deleteDeliveries(before, limit);
  }
  Result<void> createInstallFlow(const InstallFlow& flow) override { return inner_.createInstallFlow(flow); }
  Result<InstallFlow> consumeInstallState(InstallStep step, const std::string& stateHash) override {
    return inner_.consumeInstallState(step, stateHash);
  }
  Result<int> deleteInstallFlows(TimePoint before, int limit) override {
    return inner_.deleteInstallFlows(before, limit);
  }
  Result<std::vector<Installation>> listInstallations(const InstallationFilter& filter) override {
    return inner_.listInstallations(filter);
  }
  Result<std::optional<Installation>> findInstallation(const std::string& id) override {
    return inner_.findInstallation(id);
  }
  Result<std::optional<Installation>> findLivingInstallation(const std::string& provider,
                                                             const std::string& orgId) override {
    return inner_.findLivingInstallation(provider, orgId);
  }
  Result<std::optional<Installation>> findLivingInstallationById(const std::string& provider,
                                                                 const std::string& installationId) override {
    return inner_.findLivingInstallationById(provider, installationId);
  }
  Result<std::vector<Installation>> putInstallations(
      const std::vector<Grant>& grants, const std::vector<Installation>& installations) override {
    return inner_.putInstallations(grants, installations);
  }
  Result<Version> updateInstallation(const Installation& installation, Version seen) override {
    return inner_.updateInstallation(installation, seen);
  }
  Result<bool> endInstallation(const InstallationEnd& end) override { return inner_.endInstallation(end); }
  Result<void> createFlow(const Flow& flow) override { return inner_.createFlow(flow); }
  Result<std::optional<Flow>> findFlow(const std::string& id) override { return inner_.findFlow(id); }
  Result<Flow> consumeState(const std::string& stateHash) override { return inner_.consumeState(stateHash); }
  Result<void> advanceFlow(const Flow& flow, FlowStatus from) override {
    return inner_.advanceFlow(flow, from);
  }
  Result<Flow> countConfirmationTry(const std::string& id) override {
    return inner_.countConfirmationTry(id);
  }
  Result<std::vector<Flow>> expireFlows(TimePoint now, const std::string& error, std::chrono::seconds keep,
                                        int limit) override {
    return inner_.expireFlows(now, error, keep, limit);
  }
  Result<std::vector<Flow>> claimDevicePolls(TimePoint now, std::chrono::seconds claim, int limit) override {
    return inner_.claimDevicePolls(now, claim, limit);
  }
  Result<void> scheduleDevicePoll(const std::string& id, TimePoint at,
                                  std::chrono::seconds interval) override {
    return inner_.scheduleDevicePoll(id, at, interval);
  }
  Result<void> createApiKey(const ApiKeyRecord& key) override { return inner_.createApiKey(key); }
  Result<std::optional<ApiKeyRecord>> findApiKey(const std::string& keyHash) override {
    return inner_.findApiKey(keyHash);
  }
  Result<std::vector<ApiKeyRecord>> listApiKeys() override { return inner_.listApiKeys(); }
  Result<void> revokeApiKey(const std::string& idOrName, TimePoint at) override {
    return inner_.revokeApiKey(idOrName, at);
  }
  Result<void> touchApiKey(const std::string& id, TimePoint at) override {
    return inner_.touchApiKey(id, at);
  }
  Result<void> appendAudit(const AuditEvent& event) override { return inner_.appendAudit(event); }
  Result<std::vector<AuditEvent>> listAudit(int limit) override { return inner_.listAudit(limit); }
  Result<void> putProvider(const ProviderRow& row) override { return inner_.putProvider(row); }
  Result<std::vector<ProviderRow>> listProviders() override { return inner_.listProviders(); }
  Result<std::vector<SealedRow>> sealedRows(const std::string& afterTable, const std::string& afterId,
                                            int limit) override {
    return inner_.sealedRows(afterTable, afterId, limit);
  }
  Result<void> replaceSealed(const SealedRow& row) override { return inner_.replaceSealed(row); }

 protected:
  Storage& inner_;
};

}  // namespace agw::test
