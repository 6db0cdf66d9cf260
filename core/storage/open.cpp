#include "storage/open.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "storage/migrations/migrations.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/pooler.hpp"
#include "storage/postgres/server_feed.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/file.hpp"
#include "storage/sqlite/file_feed.hpp"

namespace agw {
namespace {

using namespace storage;

Error refused(std::string message, std::string detail = {}) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message), .detail = std::move(detail)};
}

std::size_t connectionCount(const DatabaseSettings& settings, Access access, unsigned least, unsigned most) {
  if (access == Access::Command) return 1;
  if (settings.connections > 0) return static_cast<std::size_t>(settings.connections);
  return std::clamp(2 * std::thread::hardware_concurrency(), least, most);
}

Result<std::unique_ptr<Storage>> openSqlite(const DatabaseSettings& settings, SchemaPolicy policy,
                                            const Clock& clock, Log& log, Access access) {
  if (policy == SchemaPolicy::Require && !std::filesystem::exists(settings.path)) {
    return refused("There is no database file " + settings.path + ". Run: auth-gateway init-db");
  }
  auto path = prepareFile(settings.path, log);
  if (!path) return std::move(path).error();
  auto lock = LockFile::open(*path);
  if (!lock) return std::move(lock).error();
  if (access == Access::Service) {
    if (auto alone = lockForService(**lock, *path); !alone) return std::move(alone).error();
  }
  try {
    std::vector<std::unique_ptr<Connection>> writer;
    writer.push_back(std::make_unique<SqliteConnection>(*path, clock, *lock));
    if (auto fits = applyMigrations(*writer.front(), kSqliteDialect, migrations(), policy, clock.now());
        !fits) {
      return std::move(fits).error();
    }
    std::vector<std::unique_ptr<Connection>> readers(connectionCount(settings, access, 2, 8));
    for (auto& reader : readers) reader = std::make_unique<SqliteConnection>(*path, clock, nullptr);
    const auto writers = std::make_shared<Pool>(std::move(writer));
    const auto changes = std::make_shared<GrantChanges>();
    std::unique_ptr<GrantFeed> feed;
    if (access == Access::Service) feed = std::make_unique<FileFeed>(writers, changes);
    return std::unique_ptr<Storage>(std::make_unique<SqlStorage>(
        std::make_shared<Pool>(std::move(readers)), writers, changes, std::move(feed), clock, log));
  } catch (const SqlFailure& failure) {
    return refused(
        "The database file " + settings.path + " cannot be used: it is damaged, locked, or no SQLite file.",
        failure.error.detail);
  }
}

const Sql kServerFacts{
    "SELECT current_setting('server_version_num'), current_setting('server_encoding'), "
    "CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END"};

Result<void> checkServer(Connection& connection) {
  constexpr int kOldestServer = 130000;
  Result<void> verdict;
  execute(connection, kServerFacts, [&](const Row& row) {
    if (numberAt(row, 0) < kOldestServer) {
      verdict = refused("The database server is too old: PostgreSQL 13 or later is needed.");
    } else if (row.text(1) != "UTF8") {
      verdict = refused("The database must have the encoding UTF8; this one has " + row.text(1) +
                        ". Make a new one: createdb --encoding=UTF8 --template=template0");
    } else if (numberAt(row, 2) != 0) {
      verdict = refused(
          "This database server is a standby and cannot be written. Name the primary in DATABASE_URL.");
    }
  });
  return verdict;
}

Result<std::unique_ptr<Storage>> openPostgres(const DatabaseSettings& settings, SchemaPolicy policy,
                                              const Clock& clock, Log& log, Access access) {
  const auto options = connectionOptions(settings);
  if (!options) return options.error();
  if (readableOnTheWay(*options)) {
    log.write(LogLevel::Warning, "database_connection_unverified",
              {{"host", settings.host}, {"cure", "add sslmode=verify-full to DATABASE_URL"}});
  }
  std::vector<std::unique_ptr<Connection>> connections(connectionCount(settings, access, 4, 16));
  for (auto& each : connections) each = std::make_unique<PostgresConnection>(*options, settings.password);
  // The one that the pool hands out first; the others connect when they are needed.
  Connection& first = *connections.back();
  try {
    if (auto own = refuseSharedConnections(*options, settings.password); !own) return std::move(own).error();
    first.ready(std::chrono::steady_clock::now() + std::chrono::seconds(4));
    if (auto suits = checkServer(first); !suits) return std::move(suits).error();
  } catch (const SqlFailure& failure) {
    return refused(
        "The PostgreSQL server cannot be reached or refuses the connection. Check DATABASE_URL, the server "
        "and its pg_hba.conf.",
        failure.error.detail);
  }
  if (auto fits = applyMigrations(first, kPostgresDialect, migrations(), policy, clock.now()); !fits) {
    return std::move(fits).error();
  }
  const auto pool = std::make_shared<Pool>(std::move(connections));
  const auto changes = std::make_shared<GrantChanges>();
  std::unique_ptr<GrantFeed> feed;
  if (access == Access::Service)
    feed = std::make_unique<ServerFeed>(*options, settings.password, changes, log);
  return std::unique_ptr<Storage>(
      std::make_unique<SqlStorage>(pool, pool, changes, std::move(feed), clock, log));
}

}  // namespace

Result<std::unique_ptr<Storage>> openStorage(const DatabaseSettings& settings, SchemaPolicy policy,
                                             const Clock& clock, Log& log, Access access) {
  return settings.kind == DatabaseSettings::Kind::Sqlite ? openSqlite(settings, policy, clock, log, access)
                                                         : openPostgres(settings, policy, clock, log, access);
}

}  // namespace agw
