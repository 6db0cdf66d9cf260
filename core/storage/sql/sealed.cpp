#include "storage/errors.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const std::string kProviderColumns =
    "id, plugin, client_id, client_secret, auth_url, token_url, scopes, version, created_at, updated_at";
const Sql kPutProvider{
    "INSERT INTO oauth_providers (" + kProviderColumns +
    ") VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (id) DO UPDATE SET plugin = excluded.plugin, "
    "client_id = excluded.client_id, client_secret = excluded.client_secret, auth_url = excluded.auth_url, "
    "token_url = excluded.token_url, scopes = excluded.scopes, version = oauth_providers.version + 1, "
    "updated_at = excluded.updated_at"};
const Sql kListProviders{"SELECT " + kProviderColumns + " FROM oauth_providers ORDER BY id"};

/// A table with ciphertext. Statements select id, provider, owner, version and the columns, and write the
/// columns that are not NULL.
struct SealedTable {
  const char* name;
  std::vector<const char*> columns;
  Sql select;
  Sql update;
};

SealedTable table(const char* name, const std::string& provider, const std::string& owner,
                  std::vector<const char*> columns, const std::string& unless = "") {
  std::string selected;
  std::string filled;
  std::string assigned;
  for (const std::string column : columns) {
    selected += ", " + column;
    filled += (filled.empty() ? "" : " OR ") + column + " <> ''";
    assigned += column + " = COALESCE(?, " + column + "), ";
  }
  const std::string from(name);
  return {name, std::move(columns),
          Sql{"SELECT id, " + provider + ", " + owner + ", version" + selected + " FROM " + from +
              " WHERE id > ? AND (" + filled + ") ORDER BY id LIMIT ?"},
          Sql{"UPDATE " + from + " SET " + assigned + "version = version + 1 WHERE id = ? AND version = ?" +
              unless}};
}

/// In the order of their names.
const std::array<SealedTable, 5> kTables{
    table("oauth_credentials", "provider_id", "profile_id", {"access_token", "refresh_token", "carry"},
          " AND (lease_owner = '' OR lease_until <= {now})"),
    table("oauth_providers", "id", "''", {"client_secret"}),
    table("oauth_revocations", "provider_id", "profile_id", {"tokens"}),
    table("oauth_sessions", "provider_id", "profile_id", {"code_verifier", "pending_tokens", "device_code"}),
    table("oauth_states", "platform", "''", {"code_verifier"})};

SealedRow readSealed(const SealedTable& from, const Row& row) {
  constexpr int kFirstColumn = 4;
  SealedRow sealed{.table = from.name,
                   .id = row.text(0),
                   .provider = row.text(1),
                   .owner = row.text(2),
                   .version = numberAt(row, 3),
                   .fields = {}};
  for (int i = 0; i < static_cast<int>(from.columns.size()); ++i) {
    Sealed text = row.text(kFirstColumn + i);
    if (!text.empty()) sealed.fields.push_back({from.columns[static_cast<std::size_t>(i)], std::move(text)});
  }
  return sealed;
}

std::vector<Value> updateParameters(const SealedTable& to, const SealedRow& row) {
  std::vector<Value> parameters(to.columns.size());
  for (std::size_t i = 0; i < to.columns.size(); ++i) {
    for (const auto& field : row.fields) {
      if (field.column == to.columns[i]) parameters[i] = toValue(field.text);
    }
  }
  parameters.push_back(toValue(row.id));
  parameters.push_back(toValue(row.version));
  return parameters;
}

ProviderRow readProvider(const Row& row) {
  return {.id = row.text(0),
          .plugin = row.text(1),
          .clientId = row.text(2),
          .clientSecret = row.text(3),
          .authorizationUrl = row.text(4),
          .tokenUrl = row.text(5),
          .scopes = listAt(row, 6),
          .version = numberAt(row, 7)};
}

}  // namespace

Result<void> SqlStorage::putProvider(const ProviderRow& row) {
  const std::string scopes = toJson(row.scopes);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kPutProvider, row.id, row.plugin, row.clientId, row.clientSecret, row.authorizationUrl,
           row.tokenUrl, scopes, clock_.now(), clock_.now());
    return {};
  });
}

Result<std::vector<ProviderRow>> SqlStorage::listProviders() {
  return run(Kind::Read, [](Connection& connection) -> Result<std::vector<ProviderRow>> {
    return fetchAll(connection, kListProviders, readProvider);
  });
}

Result<std::vector<SealedRow>> SqlStorage::sealedRows(const std::string& afterTable,
                                                      const std::string& afterId, int limit) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::vector<SealedRow>> {
    std::vector<SealedRow> rows;
    for (const auto& from : kTables) {
      const int left = limit - static_cast<int>(rows.size());
      if (left <= 0 || from.name < afterTable) continue;
      const std::string after = from.name == afterTable ? afterId : "";
      execute(
          connection, from.select, [&](const Row& row) { rows.push_back(readSealed(from, row)); }, after,
          left);
    }
    return rows;
  });
}

Result<void> SqlStorage::replaceSealed(const SealedRow& row) {
  // The id of another table's row is no grant's.
  const GrantWrite write(*changes_, row.id);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    for (const auto& to : kTables) {
      if (row.table != to.name) continue;
      if (executeChecked(connection, to.update, updateParameters(to, row), {}) == 0)
        return conflict(kChanged);
      return {};
    }
    return conflict(kChanged);
  });
}

}  // namespace agw::storage
