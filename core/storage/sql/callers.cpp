#include "storage/errors.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kPing{"SELECT count(*) FROM schema_migrations"};
const Sql kReadMeta{"SELECT value FROM gateway_meta WHERE name = ?"};
const Sql kWriteMeta{
    "INSERT INTO gateway_meta (name, value, updated_at) VALUES (?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"};

const std::string kKeyColumns =
    "id, name, prefix, key_hash, operations, providers, owners, created_at, expires_at, revoked_at, "
    "last_used_at";
const Sql kInsertKey{"INSERT INTO api_keys (" + kKeyColumns +
                     ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"};
const Sql kFindKey{"SELECT " + kKeyColumns + " FROM api_keys WHERE key_hash = ?"};
const Sql kListKeys{"SELECT " + kKeyColumns + " FROM api_keys ORDER BY created_at, id"};
const Sql kNameTaken{"SELECT 1 FROM api_keys WHERE name = ? AND revoked_at IS NULL"};
const Sql kRevokeKey{"UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL AND (id = ? OR name = ?)"};
const Sql kTouchKey{
    "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)"};

const Sql kAppendAudit{
    "INSERT INTO audit_log (at, event, request_id, key_id, provider_id, profile_id, outcome, note) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
const Sql kListAudit{
    "SELECT at, event, request_id, key_id, provider_id, profile_id, outcome, note FROM audit_log "
    "ORDER BY id DESC LIMIT ?"};

ApiKeyRecord readKey(const Row& row) {
  ApiKeyRecord key;
  key.id = row.text(0);
  key.name = row.text(1);
  key.prefix = row.text(2);
  key.keyHash = row.text(3);
  for (const auto& word : listAt(row, 4)) {
    const auto operation = operationFromText(word);
    if (!operation) throw SqlFailure{damaged("an API key holds an unknown operation")};
    key.permissions.operations.push_back(*operation);
  }
  key.permissions.providers = listAt(row, 5);
  key.permissions.owners = listAt(row, 6);
  key.createdAt = timeAt(row, 7);
  key.expiresAt = optionalTimeAt(row, 8);
  key.revokedAt = optionalTimeAt(row, 9);
  key.lastUsedAt = optionalTimeAt(row, 10);
  return key;
}

AuditEvent readEvent(const Row& row) {
  return {.at = timeAt(row, 0),
          .event = row.text(1),
          .requestId = row.text(2),
          .keyId = row.text(3),
          .provider = row.text(4),
          .profile = row.text(5),
          .outcome = row.text(6),
          .note = row.text(7)};
}

}  // namespace

void SqlStorage::note(const SqlFailure& failure) {
  const auto kind = failure.error.kind;
  if (kind != ErrorKind::Transient && kind != ErrorKind::Integrity && kind != ErrorKind::Bug) return;
  log_.write(LogLevel::Warning, "database_failed",
             {{"kind", toString(kind)}, {"detail", failure.error.detail}});
}

Result<void> SqlStorage::ping() {
  return run(Kind::Read, [](Connection& connection) -> Result<void> {
    execute(connection, kPing, [](const Row&) {});
    return {};
  });
}

Result<std::optional<std::string>> SqlStorage::readMeta(const std::string& name) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<std::string>> {
    return fetch(
        connection, kReadMeta, [](const Row& row) { return row.text(0); }, name);
  });
}

Result<void> SqlStorage::writeMeta(const std::string& name, const std::string& value) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kWriteMeta, name, value, clock_.now());
    return {};
  });
}

Result<void> SqlStorage::createApiKey(const ApiKeyRecord& key) {
  std::vector<std::string> words;
  words.reserve(key.permissions.operations.size());
  for (const auto operation : key.permissions.operations) words.emplace_back(agw::toString(operation));
  const std::string operations = toJson(words);
  const std::string providers = toJson(key.permissions.providers);
  const std::string owners = toJson(key.permissions.owners);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    const int inserted =
        change(connection, kInsertKey, key.id, key.name, key.prefix, key.keyHash, operations, providers,
               owners, key.createdAt, key.expiresAt, key.revokedAt, key.lastUsedAt);
    if (inserted > 0) return {};
    const bool nameTaken = execute(
                               connection, kNameTaken, [](const Row&) {}, key.name) > 0;
    return conflict(nameTaken ? kKeyNameTaken : kExists);
  });
}

Result<std::optional<ApiKeyRecord>> SqlStorage::findApiKey(const std::string& keyHash) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<ApiKeyRecord>> {
    return fetch(connection, kFindKey, readKey, keyHash);
  });
}

Result<std::vector<ApiKeyRecord>> SqlStorage::listApiKeys() {
  return run(Kind::Read, [](Connection& connection) -> Result<std::vector<ApiKeyRecord>> {
    return fetchAll(connection, kListKeys, readKey);
  });
}

Result<void> SqlStorage::revokeApiKey(const std::string& idOrName, TimePoint at) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    if (change(connection, kRevokeKey, at, idOrName, idOrName) == 0) return notFound(kNoKey);
    return {};
  });
}

Result<void> SqlStorage::touchApiKey(const std::string& id, TimePoint at) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kTouchKey, at, id, at);
    return {};
  });
}

Result<void> SqlStorage::appendAudit(const AuditEvent& event) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kAppendAudit, event.at, event.event, event.requestId, event.keyId, event.provider,
           event.profile, event.outcome, event.note);
    return {};
  });
}

Result<std::vector<AuditEvent>> SqlStorage::listAudit(int limit) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<AuditEvent>> {
    return fetchAll(connection, kListAudit, readEvent, limit);
  });
}

}  // namespace agw::storage
