#pragma once

#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "storage/grant_changes.hpp"
#include "storage/storage.hpp"

namespace agw {

/// The contract in its plainest form: maps behind one lock. The measure for the databases, and the store of
/// tests.
class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(const Clock& clock) : clock_(clock) {}

  Result<void> ping() override { return {}; }
  Result<std::optional<std::string>> readMeta(const std::string& name) override;
  Result<void> writeMeta(const std::string& name, const std::string& value) override;

  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override;
  Result<std::optional<Grant>> findGrantById(const std::string& id) override;
  Result<std::vector<Grant>> listGrants(const std::string& profile) override;
  Result<std::vector<GrantCount>> countGrants(TimePoint now, TimePoint before) override;
  Result<int> countOtherGrants(const std::string& provider, const std::string& subject,
                               const std::string& exceptId) override;
  Result<Version> putGrant(const Grant& grant, Version seen) override;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override;
  Result<Grant> acquireAccountLease(const std::string& id, const std::string& owner,
                                    std::chrono::milliseconds ttl) override;
  Result<void> releaseLease(const std::string& id, const Lease& lease) override;
  Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override;
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override;
  Result<void> revokeGrant(const std::string& id, Version seen, const PendingRevocation& revocation) override;

  Result<std::vector<DueGrant>> claimDueGrants(const std::string& provider, TimePoint now,
                                               std::chrono::seconds claim, int limit) override;
  Result<void> postponeRenewals(const std::vector<Postponement>& postponements) override;
  Result<void> markRead(const std::vector<std::string>& ids, TimePoint at) override;
  void listen(GrantListener& listener) override { changes_.listen(listener); }
  void unlisten(GrantListener& listener) override { changes_.unlisten(listener); }
  [[nodiscard]] bool tellsOthersWrites() const override { return true; }  // there are no others

  Result<void> queueRevocation(const PendingRevocation& revocation) override;
  Result<std::vector<PendingRevocation>> claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                          int limit) override;
  Result<void> postponeRevocation(const std::string& id, TimePoint notBefore) override;
  Result<void> deleteRevocation(const std::string& id) override;

  Result<std::vector<Grant>> listGrantsOfSubject(const std::string& provider,
                                                 const std::string& subject) override;
  Result<void> deleteGrant(const std::string& id, Version seen) override;
  Result<bool> knowsDelivery(const std::string& provider, const std::string& delivery) override;
  Result<void> rememberDelivery(const std::string& provider, const std::string& delivery,
                                TimePoint at) override;
  Result<int> deleteDeliveries(TimePoint before, int limit) override;

  Result<void> createInstallFlow(const InstallFlow& flow) override;
  Result<InstallFlow> consumeInstallState(InstallStep step, const std::string& stateHash) override;
  Result<int> deleteInstallFlows(TimePoint before, int limit) override;
  Result<std::vector<Installation>> listInstallations(const InstallationFilter& filter) override;
  Result<std::optional<Installation>> findInstallation(const std::string& id) override;
  Result<std::optional<Installation>> findLivingInstallation(const std::string& provider,
                                                             const std::string& orgId) override;
  Result<std::optional<Installation>> findLivingInstallationById(const std::string& provider,
                                                                 const std::string& installationId) override;
  Result<std::vector<Installation>> putInstallations(const std::vector<Grant>& grants,
                                                     const std::vector<Installation>& installations) override;
  Result<Version> updateInstallation(const Installation& installation, Version seen) override;
  Result<bool> endInstallation(const InstallationEnd& end) override;

  Result<void> createFlow(const Flow& flow) override;
  Result<std::optional<Flow>> findFlow(const std::string& id) override;
  Result<Flow> consumeState(const std::string& stateHash) override;
  Result<void> advanceFlow(const Flow& flow, FlowStatus from) override;
  Result<Flow> countConfirmationTry(const std::string& id) override;
  Result<std::vector<Flow>> expireFlows(TimePoint now, const std::string& error, std::chrono::seconds keep,
                                        int limit) override;
  Result<std::vector<Flow>> claimDevicePolls(TimePoint now, std::chrono::seconds claim, int limit) override;
  Result<void> scheduleDevicePoll(const std::string& id, TimePoint at,
                                  std::chrono::seconds interval) override;

  Result<void> createApiKey(const ApiKeyRecord& key) override;
  Result<std::optional<ApiKeyRecord>> findApiKey(const std::string& keyHash) override;
  Result<std::vector<ApiKeyRecord>> listApiKeys() override;
  Result<void> revokeApiKey(const std::string& idOrName, TimePoint at) override;
  Result<void> touchApiKey(const std::string& id, TimePoint at) override;
  Result<void> appendAudit(const AuditEvent& event) override;
  Result<std::vector<AuditEvent>> listAudit(int limit) override;

  Result<void> putProvider(const ProviderRow& row) override;
  Result<std::vector<ProviderRow>> listProviders() override;
  Result<std::vector<SealedRow>> sealedRows(const std::string& afterTable, const std::string& afterId,
                                            int limit) override;
  Result<void> replaceSealed(const SealedRow& row) override;

 private:
  struct GrantRow {
    Grant grant;
    std::string leaseOwner{};  // empty: no lease
    TimePoint leaseUntil{};
    TimePoint renewAt = firstLookAt(grant.tokens);
    std::optional<TimePoint> readAt{};
  };
  template <class Row>
  struct Versioned {
    Row row;
    Version version = 1;
  };

  [[nodiscard]] bool leased(const GrantRow& row) const {
    return !row.leaseOwner.empty() && row.leaseUntil > clock_.now();
  }
  Result<Grant> lease(const std::string& id, const std::string& owner, std::chrono::milliseconds ttl);
  GrantRow* holder(const std::string& id, const Lease& lease);
  [[nodiscard]] bool consentLives(const std::string& provider, const std::string& consentId) const;
  void dropConsent(const std::string& provider, const std::string& consentId);
  [[nodiscard]] Installation withExpiry(Installation installation) const;
  Result<void> addRevocation(const PendingRevocation& revocation);
  std::vector<SealedRow> allSealed() const;

  const Clock& clock_;
  storage::GrantChanges changes_;
  std::mutex mutex_;
  std::map<std::string, std::string> meta_;
  std::map<std::string, GrantRow> grants_;
  std::map<std::string, Versioned<Flow>> flows_;
  std::map<std::string, Versioned<PendingRevocation>> revocations_;
  struct InstallFlowRow {
    InstallFlow flow;
    bool used = false;
    Version version = 1;
  };
  std::map<std::string, InstallFlowRow> installFlows_;
  std::map<std::string, Installation> installations_;
  std::map<std::pair<std::string, std::string>, TimePoint> deliveries_;  ///< by provider and delivery
  std::map<std::string, ApiKeyRecord> keys_;
  std::map<std::string, ProviderRow> providers_;
  std::vector<AuditEvent> audit_;
};

}  // namespace agw
