#include <string>

#include "storage/errors.hpp"
#include "storage/migrations/migrations.hpp"
#include "storage/sql/rows.hpp"

namespace agw::storage {
namespace {

const Sql kCurrent{"SELECT COALESCE(max(version), 0) FROM schema_migrations"};
const Sql kRecord{"INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)"};
constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(version BIGINT PRIMARY KEY, name {text} NOT NULL, applied_at BIGINT NOT NULL);";

Error refused(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message)};
}

int currentVersion(Connection& connection, const Dialect& dialect) {
  const auto number = [](const Row& row) { return smallNumberAt(row, 0); };
  if (fetch(connection, dialect.hasTable, number, "schema_migrations").value_or(0) == 0) return 0;
  return fetch(connection, kCurrent, number).value_or(0);
}

Result<void> refuseNewer(int current, int known) {
  if (current <= known) return {};
  return refused("The database has schema " + std::to_string(current) + ", this auth-gateway knows " +
                 std::to_string(known) +
                 ". Start the newer auth-gateway, or restore the backup made before it ran.");
}

/// Applies the step after the current one. True when there was one.
Result<bool> applyNext(Connection& connection, const Dialect& dialect, std::span<const Migration> steps,
                       TimePoint now) {
  Transaction transaction(connection);
  if (*dialect.lockMigration) connection.script(dialect.lockMigration);
  connection.script(spell(kTable, dialect));
  // Read under the lock: another process may have been here meanwhile.
  const auto current =
      fetch(connection, kCurrent, [](const Row& row) { return smallNumberAt(row, 0); }).value_or(0);
  if (auto known = refuseNewer(current, steps.back().version); !known) return std::move(known).error();
  if (current == steps.back().version) return false;
  const Migration& step = steps[static_cast<std::size_t>(current)];
  if (*step.sql) connection.script(spell(step.sql, dialect));
  if (dialect.isServer && *step.serverSql) connection.script(step.serverSql);
  change(connection, kRecord, step.version, step.name, now);
  transaction.commit();
  return true;
}

}  // namespace

Result<void> applyMigrations(Connection& connection, const Dialect& dialect, std::span<const Migration> steps,
                             SchemaPolicy policy, TimePoint now) {
  constexpr std::chrono::minutes kLongest{2};
  try {
    connection.ready(std::chrono::steady_clock::now() + kLongest);
    const int current = currentVersion(connection, dialect);
    const int known = steps.back().version;
    if (auto fits = refuseNewer(current, known); !fits) return fits;
    if (current == known) return {};
    if (policy == SchemaPolicy::Require) {
      return refused("The database has schema " + std::to_string(current) + ", this auth-gateway needs " +
                     std::to_string(known) + ". Run: auth-gateway init-db");
    }
    for (;;) {
      auto more = applyNext(connection, dialect, steps, now);
      if (!more) return std::move(more).error();
      if (!*more) return {};
    }
  } catch (const SqlFailure& failure) {
    Error error = refused(
        "The database schema could not be read or brought up to date; nothing is half done. The log "
        "has the database's reason.");
    error.detail = failure.error.detail;
    return error;
  }
}

}  // namespace agw::storage
