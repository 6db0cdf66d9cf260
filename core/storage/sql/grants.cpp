#include "storage/errors.hpp"
#include "storage/sql/inserts.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kFind{"SELECT " + kGrantColumns +
                " FROM oauth_credentials WHERE profile_id = ? AND provider_id = ?"};
const Sql kFindById{"SELECT " + kGrantColumns + " FROM oauth_credentials WHERE id = ?"};
const Sql kList{"SELECT " + kGrantColumns +
                " FROM oauth_credentials WHERE profile_id = ? ORDER BY provider_id"};
const Sql kExists{"SELECT 1 FROM oauth_credentials WHERE id = ?"};
const Sql kListOfSubject{"SELECT " + kGrantColumns +
                         " FROM oauth_credentials WHERE provider_id = ? AND subject = ? ORDER BY id"};
const Sql kCountOthers{
    "SELECT count(*) FROM oauth_credentials WHERE provider_id = ? AND subject = ? AND id <> ?"};
const std::string kRenewableUntil =
    "CASE WHEN refresh_token <> '' THEN refresh_expires_at ELSE token_expiry END";
const Sql kCount{
    "SELECT provider_id, sum(active), count(*) - sum(active), sum(failing), "
    "sum(CASE WHEN active = 1 AND until < ? AND (until - ?) * 4 < until - issued_at THEN 1 ELSE 0 END), "
    "sum(CASE WHEN active = 1 AND renew_at <= ? THEN 1 ELSE 0 END) "
    "FROM (SELECT provider_id, issued_at, renew_at, CASE WHEN status = 'active' THEN 1 ELSE 0 END AS active, "
    "CASE WHEN status = 'active' AND failures > 0 THEN 1 ELSE 0 END AS failing, " +
    kRenewableUntil +
    " AS until FROM oauth_credentials) AS grants GROUP BY provider_id ORDER BY provider_id"};
const Sql kInsert{
    "INSERT INTO oauth_credentials (id, profile_id, provider_id, issuer, subject, access_token, "
    "refresh_token, carry, "
    "issued_at, token_expiry, refresh_expires_at, scopes, status, created_at, consented_at, updated_at, "
    "renew_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"};
const Sql kReplace{
    "UPDATE oauth_credentials SET issuer = ?, subject = ?, access_token = ?, refresh_token = ?, carry = ?, "
    "issued_at = ?, "
    "token_expiry = ?, refresh_expires_at = ?, scopes = ?, status = ?, created_at = ?, consented_at = ?, "
    "updated_at = ?, renew_at = ?, "
    "version = version + 1, lease_owner = '', lease_until = NULL, open_intents = 0, failures = 0, last_error "
    "= '', challenge = '', "
    "last_attempt_at = NULL, retry_not_before = NULL WHERE id = ? AND version = ?"};
const Sql kAcquire{
    "UPDATE oauth_credentials SET lease_owner = ?, lease_until = {now} + ?, fence = fence + 1, "
    "open_intents = open_intents + 1 WHERE id = ? AND (lease_owner = '' OR lease_until <= {now}) RETURNING " +
    kGrantColumns};
const Sql kAccountOf{"SELECT provider_id, subject FROM oauth_credentials WHERE id = ?"};
/// In one order: whoever wants a lease of the account waits here for whoever is taking one.
const Sql kLockAccount{
    "SELECT id FROM oauth_credentials WHERE provider_id = ? AND subject = ? ORDER BY id {lock rows}"};
const Sql kAccountLeased{
    "SELECT 1 FROM oauth_credentials WHERE provider_id = ? AND subject = ? AND lease_owner <> '' AND "
    "lease_until > {now}"};
const Sql kRelease{
    "UPDATE oauth_credentials SET lease_owner = '', lease_until = NULL, open_intents = open_intents - 1 "
    "WHERE id = ? AND lease_owner = ? AND fence = ?"};
const Sql kReplaceTokens{
    "UPDATE oauth_credentials SET access_token = ?, refresh_token = ?, carry = ?, issued_at = ?, "
    "token_expiry = ?, "
    "refresh_expires_at = ?, scopes = ?, status = 'active', version = version + 1, updated_at = ?, "
    "renew_at = ?, "
    "lease_owner = '', "
    "lease_until = NULL, open_intents = 0, failures = 0, last_error = '', challenge = '', last_attempt_at = "
    "?, "
    "retry_not_before = NULL "
    "WHERE id = ? AND version = ?"};
const Sql kRecordFailure{
    "UPDATE oauth_credentials SET lease_owner = '', lease_until = NULL, failures = failures + 1, last_error "
    "= ?, challenge = ?, "
    "last_attempt_at = ?, retry_not_before = ?, renew_at = COALESCE(?, renew_at), updated_at = ?, "
    "status = CASE WHEN ? = 1 THEN 'needs_consent' ELSE status END, "
    "open_intents = CASE WHEN ? = 1 THEN 0 ELSE open_intents END "
    "WHERE id = ? AND lease_owner = ? AND fence = ? AND version = ?"};
const Sql kEndLease{
    "UPDATE oauth_credentials SET lease_owner = '', lease_until = NULL WHERE id = ? AND lease_owner = ? AND "
    "fence = ?"};
bool exists(Connection& connection, const std::string& id) {
  return execute(
             connection, kExists, [](const Row&) {}, id) > 0;
}

Error changedOrGone(Connection& connection, const std::string& id, const char* changed) {
  return exists(connection, id) ? conflict(changed) : notFound(kNoGrant);
}

}  // namespace

bool insertGrant(Connection& connection, const Grant& grant) {
  const auto& tokens = grant.tokens;
  return change(connection, kInsert, grant.id, grant.profile, grant.provider, grant.issuer, grant.subject,
                tokens.accessToken, tokens.refreshToken, tokens.carry, tokens.issuedAt,
                tokens.accessExpiresAt, tokens.refreshExpiresAt, toJson(tokens.scopes), toText(grant.status),
                grant.createdAt, grant.consentedAt, grant.updatedAt, firstLookAt(tokens)) > 0;
}

Result<std::optional<Grant>> SqlStorage::findGrant(const std::string& provider, const std::string& profile) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Grant>> {
    return fetch(connection, kFind, readGrant, profile, provider);
  });
}

Result<std::optional<Grant>> SqlStorage::findGrantById(const std::string& id) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Grant>> {
    return fetch(connection, kFindById, readGrant, id);
  });
}

Result<std::vector<Grant>> SqlStorage::listGrants(const std::string& profile) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<Grant>> {
    return fetchAll(connection, kList, readGrant, profile);
  });
}

Result<std::vector<GrantCount>> SqlStorage::countGrants(TimePoint now, TimePoint before) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<GrantCount>> {
    const auto count = [](const Row& row) {
      return GrantCount{.provider = row.text(0),
                        .active = numberAt(row, 1),
                        .needsConsent = numberAt(row, 2),
                        .failing = numberAt(row, 3),
                        .ending = numberAt(row, 4),
                        .due = numberAt(row, 5)};
    };
    return fetchAll(connection, kCount, count, before, now, now);
  });
}

Result<int> SqlStorage::countOtherGrants(const std::string& provider, const std::string& subject,
                                         const std::string& exceptId) {
  return run(Kind::Read, [&](Connection& connection) -> Result<int> {
    const auto count = [](const Row& row) { return smallNumberAt(row, 0); };
    return fetch(connection, kCountOthers, count, provider, subject, exceptId).value_or(0);
  });
}

Result<std::vector<Grant>> SqlStorage::listGrantsOfSubject(const std::string& provider,
                                                           const std::string& subject) {
  if (subject.empty()) return std::vector<Grant>();
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<Grant>> {
    return fetchAll(connection, kListOfSubject, readGrant, provider, subject);
  });
}

Result<Version> SqlStorage::putGrant(const Grant& grant, Version seen) {
  const auto& tokens = grant.tokens;
  const std::string scopes = toJson(tokens.scopes);
  const GrantWrite write(*changes_, grant.id);
  return run(Kind::Write, [&](Connection& connection) -> Result<Version> {
    const bool written =
        seen == 0 ? insertGrant(connection, grant)
                  : change(connection, kReplace, grant.issuer, grant.subject, tokens.accessToken,
                           tokens.refreshToken, tokens.carry, tokens.issuedAt, tokens.accessExpiresAt,
                           tokens.refreshExpiresAt, scopes, toText(grant.status), grant.createdAt,
                           grant.consentedAt, grant.updatedAt, firstLookAt(tokens), grant.id, seen) > 0;
    if (!written) return conflict(kChanged);
    return seen + 1;
  });
}

Result<Grant> SqlStorage::acquireLease(const std::string& id, const std::string& owner,
                                       std::chrono::milliseconds ttl) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<Grant> {
    auto grant = fetch(connection, kAcquire, readGrant, owner, ttl, id);
    if (!grant) return changedOrGone(connection, id, kLeaseHeld);
    return std::move(*grant);
  });
}

Result<Grant> SqlStorage::acquireAccountLease(const std::string& id, const std::string& owner,
                                              std::chrono::milliseconds ttl) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<Grant> {
    Transaction transaction(connection);
    const auto account = fetch(
        connection, kAccountOf, [](const Row& row) { return std::pair(row.text(0), row.text(1)); }, id);
    if (!account) return notFound(kNoGrant);
    const auto& [provider, subject] = *account;
    if (!subject.empty()) {
      execute(
          connection, kLockAccount, [](const Row&) {}, provider, subject);
      const int leased = execute(
          connection, kAccountLeased, [](const Row&) {}, provider, subject);
      if (leased > 0) return conflict(kLeaseHeld);
    }
    auto grant = fetch(connection, kAcquire, readGrant, owner, ttl, id);
    if (!grant) return changedOrGone(connection, id, kLeaseHeld);
    transaction.commit();
    return std::move(*grant);
  });
}

Result<void> SqlStorage::releaseLease(const std::string& id, const Lease& lease) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    if (lease.owner.empty() || change(connection, kRelease, id, lease.owner, lease.fence) == 0) {
      return conflict(kLeaseLost);
    }
    return {};
  });
}

Result<Version> SqlStorage::replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) {
  const std::string scopes = toJson(tokens.scopes);
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<Version> {
    const int changed = change(connection, kReplaceTokens, tokens.accessToken, tokens.refreshToken,
                               tokens.carry, tokens.issuedAt, tokens.accessExpiresAt, tokens.refreshExpiresAt,
                               scopes, clock_.now(), firstLookAt(tokens), tokens.issuedAt, id, seen);
    if (changed == 0) return changedOrGone(connection, id, kChanged);
    return seen + 1;
  });
}

Result<void> SqlStorage::endRefresh(const std::string& id, const Lease& lease, Version seen,
                                    const RefreshFailure& failure) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    if (lease.owner.empty()) return conflict(kLeaseLost);
    const int recorded =
        change(connection, kRecordFailure, failure.error, failure.challenge, failure.at,
               failure.retryNotBefore, failure.retryNotBefore, clock_.now(), failure.dead ? 1 : 0,
               failure.intentSettled ? 1 : 0, id, lease.owner, lease.fence, seen);
    // Not recorded: another version, whose lease still ends, or another holder.
    if (recorded == 0 && change(connection, kEndLease, id, lease.owner, lease.fence) == 0) {
      return conflict(kLeaseLost);
    }
    return {};
  });
}

}  // namespace agw::storage
