#include <limits>

#include <boost/json/serialize.hpp>

#include "storage/errors.hpp"
#include "storage/sql/inserts.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

/// With the end of the token that `token_owner` names as last column.
const std::string kSelect =
    "SELECT i.id, i.platform, i.external_org_id, i.external_org_name, i.external_install_id, i.consent_id, "
    "i.kinds, i.scopes, i.permissions, i.metadata, i.installed_by, i.status, i.version, i.created_at, "
    "i.updated_at, i.revoked_at, c.token_expiry FROM oauth_installations i LEFT JOIN oauth_credentials c ON "
    "i.token_owner <> '' AND c.profile_id = i.token_owner AND c.provider_id = i.platform ";
constexpr int kTokenExpiry = 16;

const Sql kFind{kSelect + "WHERE i.id = ?"};
const Sql kList{
    kSelect +
    "WHERE (? = '' OR i.platform = ?) AND (? = '' OR i.external_org_id = ?) AND (? = '' OR "
    "i.external_install_id = ?) AND (? = '' OR i.consent_id = ?) AND (? = '' OR i.status = ?) AND "
    "(CAST(? AS BIGINT) = 0 OR i.revoked_at IS NULL) AND (i.created_at < ? OR (i.created_at = ? AND "
    "i.id > ?)) ORDER BY i.created_at DESC, i.id LIMIT ?"};
const Sql kFindLiving{kSelect + "WHERE i.platform = ? AND i.external_org_id = ? AND i.revoked_at IS NULL"};
const Sql kFindLivingById{kSelect +
                          "WHERE i.platform = ? AND i.external_install_id = ? AND i.revoked_at IS NULL"};
const Sql kInsert{
    "INSERT INTO oauth_installations (id, platform, external_org_id, external_org_name, external_install_id, "
    "consent_id, kinds, token_owner, scopes, permissions, metadata, installed_by, status, created_at, "
    "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (platform, external_org_id) WHERE revoked_at IS NULL DO NOTHING RETURNING " +
    kInstallationColumns};
const Sql kLockLiving{
    "SELECT " + kInstallationColumns +
    " FROM oauth_installations WHERE platform = ? AND external_org_id = ? AND revoked_at IS "
    "NULL {lock rows}"};
const Sql kReplace{
    "UPDATE oauth_installations SET external_org_name = ?, external_install_id = ?, consent_id = ?, kinds = "
    "?, "
    "token_owner = ?, scopes = ?, permissions = ?, metadata = ?, installed_by = ?, status = ?, updated_at = "
    "?, "
    "version = version + 1 WHERE id = ? RETURNING " +
    kInstallationColumns};
const Sql kUpdate{
    "UPDATE oauth_installations SET external_org_name = ?, scopes = ?, permissions = ?, metadata = ?, "
    "status = ?, updated_at = ?, version = version + 1 WHERE id = ? AND version = ? AND revoked_at IS NULL"};
const Sql kRevoke{
    "UPDATE oauth_installations SET status = 'revoked', revoked_at = ?, updated_at = ?, version = version + "
    "1 "
    "WHERE id = ? AND version = ? AND revoked_at IS NULL RETURNING " +
    kInstallationColumns};

/// Locked in one order, so that two ends of one consent cannot both see the other one living.
const Sql kLockConsent{
    "SELECT id FROM oauth_installations WHERE platform = ? AND consent_id = ? ORDER BY id {lock rows}"};
const Sql kConsentLives{
    "SELECT 1 FROM oauth_installations WHERE platform = ? AND consent_id = ? AND revoked_at IS NULL LIMIT 1"};
/// An owner is `installation:<consent>`, or that, a slash and a kind; '0' is what follows the slash.
const std::string kOfConsent =
    " FROM oauth_credentials WHERE provider_id = ? AND (profile_id = ? OR (profile_id >= ? AND profile_id < "
    "?))";
const Sql kDropConsent{"DELETE" + kOfConsent + " RETURNING id"};
const Sql kCountConsent{"SELECT count(*)" + kOfConsent};
const Sql kDeleteGrant{"DELETE FROM oauth_credentials WHERE id = ? AND version = ?"};

Installation readWithExpiry(const Row& row) {
  auto installation = readInstallation(row);
  installation.tokenExpiresAt = optionalTimeAt(row, kTokenExpiry);
  return installation;
}

bool there(Connection& connection, const Sql& sql, const std::string& provider,
           const std::string& consentId) {
  return execute(
             connection, sql, [](const Row&) {}, provider, consentId) > 0;
}

void lockConsent(Connection& connection, const std::string& provider, const std::string& consentId) {
  execute(
      connection, kLockConsent, [](const Row&) {}, provider, consentId);
}

using Ids = std::vector<std::string>;

/// Adds the grants that go to `dropped`.
void dropConsent(Connection& connection, const std::string& provider, const std::string& consentId,
                 Ids& dropped) {
  lockConsent(connection, provider, consentId);
  if (there(connection, kConsentLives, provider, consentId)) return;
  const std::string owner = installationOwner(consentId, {});
  execute(
      connection, kDropConsent, [&](const Row& row) { dropped.push_back(row.text(0)); }, provider, owner,
      owner + "/", owner + "0");
}

/// Nothing when the living row that was in the way of a new one has ended meanwhile.
std::optional<Installation> tryPut(Connection& connection, const Installation& next, Ids& dropped) {
  const std::string tokenOwner =
      next.minted() ? std::string() : installationOwner(next.consentId, next.kinds.front());
  const std::string kinds = toJson(next.kinds);
  const std::string scopes = toJson(next.scopes);
  const std::string permissions = boost::json::serialize(next.permissions);
  const std::string metadata = boost::json::serialize(next.metadata);
  auto inserted =
      fetch(connection, kInsert, readInstallation, next.id, next.provider, next.orgId, next.orgName,
            next.installationId, next.consentId, kinds, tokenOwner, scopes, permissions, metadata,
            next.installedBy, toString(next.status), next.createdAt, next.updatedAt);
  if (inserted) return inserted;
  const auto before = fetch(connection, kLockLiving, readInstallation, next.provider, next.orgId);
  if (!before) return std::nullopt;
  auto stored = fetch(connection, kReplace, readInstallation, next.orgName, next.installationId,
                      next.consentId, kinds, tokenOwner, scopes, permissions, metadata, next.installedBy,
                      toString(next.status), next.updatedAt, before->id);
  if (before->consentId != next.consentId) dropConsent(connection, next.provider, before->consentId, dropped);
  return stored;
}

}  // namespace

Result<std::vector<Installation>> SqlStorage::listInstallations(const InstallationFilter& filter) {
  const std::string status = filter.status ? toString(*filter.status) : "";
  const std::int64_t before =
      filter.after ? toMillis(filter.after->createdAt) : std::numeric_limits<std::int64_t>::max();
  const std::string id = filter.after ? filter.after->id : std::string();
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<Installation>> {
    return fetchAll(connection, kList, readWithExpiry, filter.provider, filter.provider, filter.orgId,
                    filter.orgId, filter.installationId, filter.installationId, filter.consentId,
                    filter.consentId, status, status, filter.living ? 1 : 0, before, before, id,
                    filter.limit);
  });
}

Result<std::optional<Installation>> SqlStorage::findInstallation(const std::string& id) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Installation>> {
    return fetch(connection, kFind, readWithExpiry, id);
  });
}

Result<std::optional<Installation>> SqlStorage::findLivingInstallation(const std::string& provider,
                                                                       const std::string& orgId) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Installation>> {
    return fetch(connection, kFindLiving, readWithExpiry, provider, orgId);
  });
}

Result<std::optional<Installation>> SqlStorage::findLivingInstallationById(
    const std::string& provider, const std::string& installationId) {
  if (installationId.empty()) return std::optional<Installation>();
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Installation>> {
    return fetch(connection, kFindLivingById, readWithExpiry, provider, installationId);
  });
}

Result<std::vector<Installation>> SqlStorage::putInstallations(
    const std::vector<Grant>& grants, const std::vector<Installation>& installations) {
  Ids dropped;
  auto result = run(Kind::Write, [&](Connection& connection) -> Result<std::vector<Installation>> {
    Transaction transaction(connection);
    for (const auto& grant : grants) {
      if (!insertGrant(connection, grant)) return conflict(kExists);
    }
    std::vector<Installation> stored;
    for (const auto& installation : installations) {
      auto row = tryPut(connection, installation, dropped);
      if (!row) row = tryPut(connection, installation, dropped);
      if (!row) return conflict(kChanged);
      stored.push_back(std::move(*row));
    }
    transaction.commit();
    return stored;
  });
  for (const auto& id : dropped) changes_->tell(id);
  return result;
}

Result<Version> SqlStorage::updateInstallation(const Installation& installation, Version seen) {
  return run(Kind::Write, [&](Connection& connection) -> Result<Version> {
    const int changed = change(connection, kUpdate, installation.orgName, toJson(installation.scopes),
                               boost::json::serialize(installation.permissions),
                               boost::json::serialize(installation.metadata), toString(installation.status),
                               installation.updatedAt, installation.id, seen);
    if (changed == 0) return conflict(kChanged);
    return seen + 1;
  });
}

Result<bool> SqlStorage::endInstallation(const InstallationEnd& end) {
  auto result = run(Kind::Write, [&](Connection& connection) -> Result<bool> {
    Transaction transaction(connection);
    const auto known = fetch(connection, kFind, readWithExpiry, end.id);
    if (!known) return conflict(kChanged);
    lockConsent(connection, known->provider, known->consentId);
    const auto ended = fetch(connection, kRevoke, readInstallation, end.at, end.at, end.id, end.seen);
    if (!ended || ended->consentId != known->consentId) return conflict(kChanged);
    if (end.uninstalled && !insertRevocation(connection, *end.uninstalled)) return conflict(kExists);
    const bool last = !there(connection, kConsentLives, ended->provider, ended->consentId);
    if (last) {
      for (const auto& grant : end.grants) {
        if (change(connection, kDeleteGrant, grant.id, grant.seen) == 0) return conflict(kChanged);
        if (grant.revocation && !insertRevocation(connection, *grant.revocation)) return conflict(kExists);
      }
      const std::string owner = installationOwner(ended->consentId, {});
      const auto left = fetch(
          connection, kCountConsent, [](const Row& row) { return smallNumberAt(row, 0); }, ended->provider,
          owner, owner + "/", owner + "0");
      if (left.value_or(0) > 0) return conflict(kChanged);
    }
    transaction.commit();
    return last;
  });
  for (const auto& grant : end.grants) changes_->tell(grant.id);
  return result;
}

}  // namespace agw::storage
