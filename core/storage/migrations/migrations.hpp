#pragma once

#include <span>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/open.hpp"
#include "storage/sql/connection.hpp"
#include "storage/sql/dialect.hpp"

namespace agw::storage {

/// One step of the schema. Steps are never changed once released; a new one is added at the end.
struct Migration {
  int version;
  const char* name;
  const char* sql;  ///< statements in the words of `Dialect`; may be empty
  /// Statements that follow where the database is a server, with writers that know nothing of each other.
  const char* serverSql = "";
};

/// Every step this binary knows, by version from 1 without gaps.
[[nodiscard]] std::span<const Migration> migrations();

/// Brings the schema to the last of `steps` (Migrate), each step and its line in `schema_migrations` in one
/// transaction under a lock that all processes respect, or looks whether it is there (Require). `BadOption`
/// with a sentence when the schema is newer than the steps, older and `policy` is Require, or a step fails;
/// what was applied before stays.
[[nodiscard]] Result<void> applyMigrations(Connection& connection, const Dialect& dialect,
                                           std::span<const Migration> steps, SchemaPolicy policy,
                                           TimePoint now);

}  // namespace agw::storage
