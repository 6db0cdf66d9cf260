#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// DATABASE_URL taken apart.
struct DatabaseAddress {
  enum class Kind { Sqlite, Postgres } kind = Kind::Sqlite;
  std::string path;  ///< Sqlite; relative to the working directory, as `sqlite:///var/x.db` is
  std::string host;  ///< Postgres
  int port = 5432;
  std::string user;
  Secret password;
  std::string name;
  std::string parameters;  ///< `sslmode=verify-full&...`: known libpq keywords, checked

  /// For logs: without the password.
  [[nodiscard]] std::string shown() const;
};

/// `sqlite:///relative/file.db`, `sqlite:////absolute/file.db`,
/// `postgresql://user:password@host:port/name?sslmode=...`. `BadOption` says what is wrong and never quotes
/// the text.
[[nodiscard]] Result<DatabaseAddress> parseDatabaseUrl(std::string_view url);

/// A decimal port, 1 to 65535.
[[nodiscard]] std::optional<int> parsePort(std::string_view text);

}  // namespace agw
