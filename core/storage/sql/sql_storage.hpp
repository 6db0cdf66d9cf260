#pragma once

#include <array>
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "storage/grant_changes.hpp"
#include "storage/sql/connection.hpp"
#include "storage/sql/pool.hpp"
#include "storage/storage.hpp"

namespace agw::storage {

/// `Storage` in SQL, for both databases: what differs is in `Connection` and `Dialect`.
class SqlStorage final : public Storage {
 public:
  /// `readers` and `writers` may be the same pool. `feed` tells `changes` what others write; null: nobody
  /// does.
  SqlStorage(std::shared_ptr<Pool> readers, std::shared_ptr<Pool> writers,
             std::shared_ptr<GrantChanges> changes, std::unique_ptr<GrantFeed> feed, const Clock& clock,
             Log& log)
      : readers_(std::move(readers)),
        writers_(std::move(writers)),
        changes_(std::move(changes)),
        clock_(clock),
        log_(log),
        feed_(std::move(feed)) {}

  Result<void> ping() override;
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
  void listen(GrantListener& listener) override { changes_->listen(listener); }
  void unlisten(GrantListener& listener) override { changes_->unlisten(listener); }
  [[nodiscard]] bool tellsOthersWrites() const override { return changes_->upToDate(); }

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
  enum class Kind { Read, Write };

  /// Runs `work` on a connection, a second time on a fresh one when the first was lost and the database
  /// certainly did not carry `work` out, and makes an `Error` of what it throws.
  template <class Work>
  auto run(Kind kind, Work work) -> decltype(work(std::declval<Connection&>()));
  void note(const SqlFailure& failure);

  std::shared_ptr<Pool> readers_;
  std::shared_ptr<Pool> writers_;
  std::shared_ptr<GrantChanges> changes_;
  const Clock& clock_;
  Log& log_;
  std::unique_ptr<GrantFeed> feed_;
};

template <class Work>
auto SqlStorage::run(Kind kind, Work work) -> decltype(work(std::declval<Connection&>())) {
  constexpr std::chrono::seconds kLongest{4};
  try {
    const auto borrowed = (kind == Kind::Read ? readers_ : writers_)->borrow();
    Connection& connection = *borrowed;
    const auto deadline = std::chrono::steady_clock::now() + kLongest;
    try {
      connection.ready(deadline);
      return work(connection);
    } catch (const SqlFailure& failure) {
      if (!failure.lost || (kind == Kind::Write && failure.outcomeUnknown)) throw;
    }
    connection.ready(deadline);
    return work(connection);
  } catch (SqlFailure& failure) {
    note(failure);
    return std::move(failure.error);
  }
}

}  // namespace agw::storage
