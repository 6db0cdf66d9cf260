#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Where the grants live.
struct DatabaseSettings {
  enum class Kind { Sqlite, Postgres } kind = Kind::Sqlite;
  std::string path;  ///< Sqlite: the file; made with mode 0600, its folder with 0700
  std::string host;  ///< Postgres
  int port = 5432;
  std::string user;
  Secret password;
  std::string name;
  std::string parameters;  ///< further libpq keywords of the URL's query (`sslmode=verify-full`), checked
  int connections = 0;     ///< 0: as many as suit the machine
};

enum class SchemaPolicy {
  Migrate,  ///< the gateway and init-db: bring the schema up to date, under a lock, before anything else
  /// An operator's command: refuse a schema that is not this binary's. Works beside a running gateway, so on
  /// SQLite it neither takes nor minds the lock that keeps a second gateway away.
  Require,
};

/// Reads DATABASE_URL: `sqlite:///relative/path`, `sqlite:////absolute/path`, or
/// `postgresql://user:password@host:port/database?sslmode=verify-full` (`postgres://` too; parts
/// percent-encoded, IPv6 addresses in brackets, `?host=/run/postgresql` for a socket). `password`, when not
/// empty, is the one that counts. `BadOption` says what is wrong without quoting the URL, for it may hold the
/// password.
[[nodiscard]] Result<DatabaseSettings> parseDatabaseUrl(std::string_view url, Secret password);

/// Who opens.
enum class Access {
  Service,  ///< a gateway that stays: the only one of a SQLite file; many connections
  Command,  ///< an operator's command, beside a running gateway or without
};

/// Opens the database. `BadOption` with a sentence for the operator when it cannot be: unreachable, not
/// writable, held by another gateway (SQLite), schema newer than this binary, or not reachable in a way the
/// gateway needs. What the database itself said is in `detail`: show it to the operator. `clock` and `log`
/// must outlive the storage.
[[nodiscard]] Result<std::unique_ptr<Storage>> openStorage(const DatabaseSettings& settings,
                                                           SchemaPolicy policy, const Clock& clock, Log& log,
                                                           Access access = Access::Service);

/// For tests and benches: nothing outlives the object.
[[nodiscard]] std::unique_ptr<Storage> makeMemoryStorage(const Clock& clock);

}  // namespace agw
