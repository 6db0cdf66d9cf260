#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/audit.hpp"
#include "domain/caller.hpp"
#include "domain/flow.hpp"
#include "domain/grant.hpp"
#include "domain/install_flow.hpp"
#include "domain/installation_record.hpp"

namespace agw {

/// A revocation that the provider has not acknowledged yet. A row of `oauth_revocations`, gone once
/// acknowledged.
struct PendingRevocation {
  std::string id;  ///< UUID
  std::string provider;
  std::string profile;
  Sealed tokens;  ///< RevokeRequest as the broker wrote it
  int attempts = 0;
  TimePoint notBefore;
  TimePoint createdAt;
};

/// How many grants a provider entry has, and what becomes of them.
struct GrantCount {
  std::string provider;
  std::int64_t active = 0;
  std::int64_t needsConsent = 0;
  std::int64_t failing = 0;  ///< of the active: the latest refresh failed
  /// Of the active: what could renew it (the refresh token, or without one the access token) ends before the
  /// moment asked about, and is in the last quarter of its life.
  std::int64_t ending = 0;
  std::int64_t due = 0;  ///< of the active: their time in the renewal schedule has come
  friend bool operator==(const GrantCount&, const GrantCount&) = default;
};

/// A row of `oauth_providers`: the configured providers as `init-db --seed` wrote them, for people and
/// reports who look into the database. The running gateway reads providers.yaml.
struct ProviderRow {
  std::string id;
  std::string plugin;
  std::string clientId;
  Sealed clientSecret;
  std::string authorizationUrl;
  std::string tokenUrl;
  Scopes scopes;
  Version version = 0;
};

/// How a refresh ended without new tokens.
struct RefreshFailure {
  std::string error;  ///< API error word
  TimePoint at;
  std::optional<TimePoint> retryNotBefore;
  bool dead = false;  ///< the grant needs consent from now on
  /// The provider certainly did not act on the refresh token (it answered, or was never reached): the intent
  /// is settled. False leaves it open: the token may be spent.
  bool intentSettled = true;
  std::string challenge{};  ///< what the next consent must answer; becomes the grant's
};

/// A grant whose time in the renewal schedule has come.
struct DueGrant {
  Grant grant;
  std::optional<TimePoint> readAt;  ///< roughly when somebody last read it; absent: never noted
};
/// The order of `Storage::claimDueGrants`; a token without end comes last.
[[nodiscard]] inline bool endsFirst(const DueGrant& left, const DueGrant& right) {
  const auto end = [](const DueGrant& due) {
    return due.grant.tokens.accessExpiresAt.value_or(TimePoint::max());
  };
  return end(left) < end(right);
}
struct Postponement {
  std::string id;
  Version seen = 0;
  TimePoint until;
};

/// Which installations a list is about. Empty texts and absent values take all.
struct InstallationFilter {
  std::string provider;
  std::string orgId;
  std::string installationId;
  std::string consentId;
  std::optional<InstallationStatus> status;
  bool living = false;  ///< without revoked ones
  struct Place {
    TimePoint createdAt;
    std::string id;
  };
  std::optional<Place> after;  ///< the last row of the page before
  int limit = 100;
};

/// The end of an installation.
struct InstallationEnd {
  struct EndedGrant {
    std::string id;
    Version seen = 0;
    std::optional<PendingRevocation> revocation;  ///< absent: the provider knows already
  };
  std::string id;
  Version seen = 0;
  TimePoint at;
  std::vector<EndedGrant> grants;                ///< all that its consent gave
  std::optional<PendingRevocation> uninstalled;  ///< what the provider is told in any case
};

/// One column that holds ciphertext, with the place it is bound to. For key rotation. The places, by table:
/// `oauth_credentials`: `access_token`, `refresh_token`, `carry`; `oauth_providers`: `client_secret`
/// (provider is the row's id, owner empty); `oauth_revocations`: `tokens`; `oauth_sessions`: `code_verifier`,
/// `pending_tokens`, `device_code`; `oauth_states`: `code_verifier` (owner empty).
struct SealedField {
  std::string column;
  Sealed text;
};
struct SealedRow {
  std::string table;
  std::string id;
  /// The columns of the row that take part in the binding: provider and owner, in this order.
  std::string provider;
  std::string owner;
  Version version = 0;
  std::vector<SealedField> fields;  ///< only columns that hold something
};

/// Somebody who keeps copies of grants and has to know when one may be stale. Called from any thread, also
/// from inside a call of `Storage`: it must be quick and must not call the storage.
class GrantListener {
 public:
  virtual ~GrantListener() = default;
  /// The grant with this id was written or deleted, or may have been.
  virtual void grantChanged(const std::string& id) noexcept = 0;
  /// Any grant may have been.
  virtual void grantsChanged() noexcept = 0;
};

/// The only way to the database.
///
/// Every method is atomic: on success the change is durable when it returns; on failure nothing changed,
/// except that a `Transient` failure of a write may also mean that the answer was lost after the commit: read
/// again. A database that is away, full, locked or slow is `Transient`, and the next call tries anew by
/// itself. `Integrity` means that a row cannot be read as what it should be. Nothing else fails unless its
/// comment says so, save that a new row whose id (or state, or key hash) is taken is `Conflict`. Naming a row
/// that is not there is a success without effect where no comment says otherwise. Text is UTF-8 without NUL,
/// checked before it gets here; other text is never stored cut nor taken for a stored one: it is
/// `InvalidRequest` or not found. No method waits for more than 5 s. Safe to call from many threads.
class Storage {
 public:
  virtual ~Storage() = default;

  // ---- service
  // ------------------------------------------------------------------------------------------------
  /// Whether a read works now.
  [[nodiscard]] virtual Result<void> ping() = 0;
  /// A small named record (the key check, the last event about a declared installation). Absent is not an
  /// error.
  [[nodiscard]] virtual Result<std::optional<std::string>> readMeta(const std::string& name) = 0;
  virtual Result<void> writeMeta(const std::string& name, const std::string& value) = 0;

  // ---- grants
  // -------------------------------------------------------------------------------------------------
  /// The hot path: one indexed row. Absent is not an error.
  [[nodiscard]] virtual Result<std::optional<Grant>> findGrant(const std::string& provider,
                                                               const std::string& profile) = 0;
  [[nodiscard]] virtual Result<std::optional<Grant>> findGrantById(const std::string& id) = 0;
  /// All grants of a user, by provider id.
  [[nodiscard]] virtual Result<std::vector<Grant>> listGrants(const std::string& profile) = 0;

  /// How many grants other than `exceptId` this account has at this provider entry: some providers end all of
  /// an account's grants when one is revoked.
  [[nodiscard]] virtual Result<int> countOtherGrants(const std::string& provider, const std::string& subject,
                                                     const std::string& exceptId) = 0;

  /// By provider id, of those that have any. Reads all grants: not for the way of a request.
  [[nodiscard]] virtual Result<std::vector<GrantCount>> countGrants(TimePoint now, TimePoint before) = 0;

  /// Stores what a consent gave. `seen` 0: there must be no row of this provider and profile; otherwise the
  /// row of `grant.id` must still have version `seen`, and is replaced whole (but for provider and profile,
  /// which stay), its lease and its story of refreshes ended: whatever `grant` says of them, they are empty
  /// afterwards, and `fence` stays the row's. `Conflict` when somebody wrote first: read again. Returns the
  /// new version.
  virtual Result<Version> putGrant(const Grant& grant, Version seen) = 0;

  /// Takes the right to refresh `id` for `ttl` by the storage's own clock, and records the intent, in one
  /// write: after it the store is proven writable and a crash will be seen. Returns the grant as it is now,
  /// with `fence` counted up and `openIntents` including this one. `Conflict` while another lease is in
  /// force, `NotFound` when the grant is gone.
  virtual Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                                     std::chrono::milliseconds ttl) = 0;
  /// The same, and `Conflict` also while a lease of another grant of this provider and subject is in force:
  /// for providers that refresh an account's grants one at a time. A grant without subject stands alone.
  virtual Result<Grant> acquireAccountLease(const std::string& id, const std::string& owner,
                                            std::chrono::milliseconds ttl) = 0;
  /// Ends the lease and takes its intent back: the provider was not asked. Nothing else changes. `Conflict`
  /// when the lease is not `lease`'s any more; one past its time that nobody took is still its owner's.
  virtual Result<void> releaseLease(const std::string& id, const Lease& lease) = 0;

  /// Writes new tokens, counts the version up, ends lease, intents and failures, makes the status Active and
  /// `tokens.issuedAt` the last attempt.
  /// Conditional on the version alone: a lost lease does not prevent that the provider's living pair is kept.
  /// `Conflict`: somebody wrote tokens since `seen`. `NotFound`: revoked meanwhile. Returns the new version.
  virtual Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) = 0;
  /// Ends the lease if it is still `lease`'s, and records the failure in the same write (a settled intent
  /// makes `openIntents` 0: the provider has just shown what the refresh token is worth), and moves the
  /// grant in the renewal schedule to `retryNotBefore`; if the version is not `seen` any more the lease ends
  /// and nothing else changes. `Conflict`: not the holder; nothing changed.
  virtual Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                                  const RefreshFailure& failure) = 0;

  /// Deletes the grant and queues the revocation at the provider, both or neither. `NotFound` when there is
  /// none; `Conflict` when its version is not `seen`.
  virtual Result<void> revokeGrant(const std::string& id, Version seen,
                                   const PendingRevocation& revocation) = 0;

  // ---- the renewal schedule: every write of tokens puts the grant there, at `firstLookAt`
  // -------------------------------------------------------------------------------------------------
  /// At most `limit` active grants of a provider entry whose time has come at `now`, those whose access token
  /// ends first in front. Each is pushed to `now + claim` in the same write, so that no other replica takes
  /// it meanwhile. Reads the index of the schedule and the rows it returns, nothing else.
  virtual Result<std::vector<DueGrant>> claimDueGrants(const std::string& provider, TimePoint now,
                                                       std::chrono::seconds claim, int limit) = 0;
  /// Moves grants in the schedule; one whose version is not the one seen stays where it is.
  virtual Result<void> postponeRenewals(const std::vector<Postponement>& postponements) = 0;
  /// Notes that somebody read these grants; a time never goes back.
  virtual Result<void> markRead(const std::vector<std::string>& ids, TimePoint at) = 0;
  // ---- copies of grants
  // ------------------------------------------------------------------------------------------
  /// Tells `listener` of writes to grants, until `unlisten`. Of those made by this object before the method
  /// returns, whatever it returns: where an answer is lost, the write may have been carried out. Of those
  /// made by others (processes, people) as soon as the database tells, which is only certain while
  /// `tellsOthersWrites()`; of these, what concerns nothing but lease, fence and open intents is left out. A
  /// new row is no news: nobody has a copy of it.
  virtual void listen(GrantListener& listener) = 0;
  /// The listener is not called any more once this returns.
  virtual void unlisten(GrantListener& listener) = 0;
  /// Whether what others wrote until two seconds ago has been told; usually it is told within milliseconds.
  /// When it turns true, `grantsChanged` was called before. Costs no call to the database.
  [[nodiscard]] virtual bool tellsOthersWrites() const = 0;

  // ---- revocations at the provider
  // ------------------------------------------------------------------------------
  virtual Result<void> queueRevocation(const PendingRevocation& revocation) = 0;
  /// At most `limit` that may be tried at `now`: those for which that has been so the longest, of these the
  /// oldest, so that rows that come again and again keep no other one waiting. Each is pushed to `now +
  /// claim` in the same write, so that no other replica takes it meanwhile, and returned as it is then,
  /// oldest first.
  virtual Result<std::vector<PendingRevocation>> claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                                  int limit) = 0;
  /// Counts the attempt and sets when to try again.
  virtual Result<void> postponeRevocation(const std::string& id, TimePoint notBefore) = 0;
  virtual Result<void> deleteRevocation(const std::string& id) = 0;

  // ---- what an event at a provider ends
  // --------------------------------------------------------------------------
  /// The grants of one account, of users and of installations, by id. None for an empty subject.
  [[nodiscard]] virtual Result<std::vector<Grant>> listGrantsOfSubject(const std::string& provider,
                                                                       const std::string& subject) = 0;
  /// Deletes the grant; the provider knows already. `NotFound` when there is none; `Conflict` when its
  /// version is not `seen`.
  virtual Result<void> deleteGrant(const std::string& id, Version seen) = 0;
  /// Whether the event that a provider calls `delivery` was remembered: its effects are there already.
  [[nodiscard]] virtual Result<bool> knowsDelivery(const std::string& provider,
                                                   const std::string& delivery) = 0;
  /// Success also when it is remembered already; the first time counts.
  virtual Result<void> rememberDelivery(const std::string& provider, const std::string& delivery,
                                        TimePoint at) = 0;
  /// Forgets those that were remembered at `before` or earlier. At most `limit` a call; returns how many.
  virtual Result<int> deleteDeliveries(TimePoint before, int limit) = 0;

  // ---- installations
  // ------------------------------------------------------------------------------------------
  virtual Result<void> createInstallFlow(const InstallFlow& flow) = 0;
  /// Marks the flow with this state as used; exactly one caller in all replicas gets it.
  /// `NotFound`: no such state of that step. `Conflict`: used before. An expired flow is
  /// consumed too; the caller looks at `expiresAt`.
  virtual Result<InstallFlow> consumeInstallState(InstallStep step, const std::string& stateHash) = 0;
  /// Deletes flows, used or not, whose time was over at `before`. At most `limit` a call; returns how many.
  virtual Result<int> deleteInstallFlows(TimePoint before, int limit) = 0;

  /// Newest first, ties by id.
  [[nodiscard]] virtual Result<std::vector<Installation>> listInstallations(
      const InstallationFilter& filter) = 0;
  [[nodiscard]] virtual Result<std::optional<Installation>> findInstallation(const std::string& id) = 0;
  /// The one of a provider entry and organisation that is not revoked: an indexed row. Absent is not an
  /// error.
  [[nodiscard]] virtual Result<std::optional<Installation>> findLivingInstallation(
      const std::string& provider, const std::string& orgId) = 0;
  /// The same by the provider's own id of the installation; nothing for an empty one.
  [[nodiscard]] virtual Result<std::optional<Installation>> findLivingInstallationById(
      const std::string& provider, const std::string& installationId) = 0;
  /// Stores what the consent of an install gave, all or nothing. Each of `grants` is a new row. Each
  /// installation becomes a new row, or replaces the living one of the same provider and organisation, which
  /// keeps its id and `createdAt` and counts its version up. Grants of consents that no living installation
  /// is left with are deleted in the same write; the provider is not told, for to some the new token is the
  /// old one. Returns the rows as stored, in the order given. `Conflict`, and nothing stored, when a
  /// grant is there already, or another one's writes to these organisations get in the way again and again.
  virtual Result<std::vector<Installation>> putInstallations(
      const std::vector<Grant>& grants, const std::vector<Installation>& installations) = 0;
  /// Writes name, scopes, permissions, metadata and status (not Revoked), and `updatedAt`. Returns the new
  /// version. `Conflict` when the version is not `seen`, the row is gone or revoked.
  virtual Result<Version> updateInstallation(const Installation& installation, Version seen) = 0;
  /// Makes the installation Revoked at `end.at` and queues `end.uninstalled`. Its grants are deleted and
  /// their revocations queued in the same write, unless another living installation of the same consent needs
  /// them. `Conflict`, and nothing changed, when the installation's version is not `end.seen`, it is revoked
  /// already, or `end.grants` are not exactly the consent's as they are now: read again. True when the grants
  /// ended too.
  virtual Result<bool> endInstallation(const InstallationEnd& end) = 0;

  // ---- flows
  // --------------------------------------------------------------------------------------------------
  virtual Result<void> createFlow(const Flow& flow) = 0;
  [[nodiscard]] virtual Result<std::optional<Flow>> findFlow(const std::string& id) = 0;
  /// Moves the flow with this state from Pending to Exchanging; exactly one caller in all replicas gets it.
  /// `NotFound`: no such state. `Conflict`: used before. An expired flow is consumed too; the caller looks at
  /// `expiresAt`.
  virtual Result<Flow> consumeState(const std::string& stateHash) = 0;
  /// Writes status, error, account and the confirmation fields, if the flow's status is still `from`. The
  /// verifier is erased once the exchange is over, pending tokens unless the flow awaits confirmation, and
  /// what a device is asked with in any case. `Conflict` when the status is another or the flow is gone.
  virtual Result<void> advanceFlow(const Flow& flow, FlowStatus from) = 0;
  /// Counts one try of a confirmation code and returns the flow with it counted; `Conflict` unless the flow
  /// awaits confirmation, `NotFound` when there is none.
  virtual Result<Flow> countConfirmationTry(const std::string& id) = 0;
  /// Marks flows whose time is over without a result as failed with `error`, and returns those that held
  /// pending tokens (with them; the rows lose them) for revocation. One whose code is being exchanged has
  /// `kExchangeTime` more. Finished ones whose time was over `keep` ago are deleted. At most `limit` rows a
  /// call of each.
  static constexpr std::chrono::minutes kExchangeTime{1};
  virtual Result<std::vector<Flow>> expireFlows(TimePoint now, const std::string& error,
                                                std::chrono::seconds keep, int limit) = 0;

  /// At most `limit` Pending flows of devices that may be asked about at `now` and still live: those that are
  /// longest due, in any order. The next question of each is pushed to `now + claim` in the same write, so
  /// that no other replica asks meanwhile and another one goes on when this one dies; returned as they are
  /// then.
  virtual Result<std::vector<Flow>> claimDevicePolls(TimePoint now, std::chrono::seconds claim,
                                                     int limit) = 0;
  /// Sets when to ask next and how often from now on, if the flow is Pending.
  virtual Result<void> scheduleDevicePoll(const std::string& id, TimePoint at,
                                          std::chrono::seconds interval) = 0;

  // ---- callers and audit
  // ----------------------------------------------------------------------------------------
  /// `Conflict` when a key of that name exists that is not revoked.
  /// Expired keys count as living ones here and below until they are revoked.
  virtual Result<void> createApiKey(const ApiKeyRecord& key) = 0;
  [[nodiscard]] virtual Result<std::optional<ApiKeyRecord>> findApiKey(const std::string& keyHash) = 0;
  /// Oldest first, revoked ones too.
  [[nodiscard]] virtual Result<std::vector<ApiKeyRecord>> listApiKeys() = 0;
  /// By id or name. `NotFound` when no living key is called that.
  virtual Result<void> revokeApiKey(const std::string& idOrName, TimePoint at) = 0;
  /// Last use never goes back.
  virtual Result<void> touchApiKey(const std::string& id, TimePoint at) = 0;
  virtual Result<void> appendAudit(const AuditEvent& event) = 0;
  /// Newest first.
  [[nodiscard]] virtual Result<std::vector<AuditEvent>> listAudit(int limit) = 0;

  // ---- operator
  // -------------------------------------------------------------------------------------------------
  /// Inserts, or replaces and counts the version up.
  virtual Result<void> putProvider(const ProviderRow& row) = 0;
  /// By id.
  [[nodiscard]] virtual Result<std::vector<ProviderRow>> listProviders() = 0;

  /// All rows that hold ciphertext, in a stable order (table, id), after the place `after` (empty: from the
  /// start).
  [[nodiscard]] virtual Result<std::vector<SealedRow>> sealedRows(const std::string& afterTable,
                                                                  const std::string& afterId, int limit) = 0;
  /// Writes the ciphertexts of `row` if its version is still `row.version`, and counts it up. `Conflict`:
  /// changed, gone, or a grant that is being refreshed, whose tokens are about to change: read it again
  /// later.
  virtual Result<void> replaceSealed(const SealedRow& row) = 0;
};

}  // namespace agw
