#pragma once

#include <string>

#include "storage/open.hpp"

namespace agw::test {

/// A database of its own on the server that AGW_TEST_POSTGRES_URL names, gone with the object.
class PostgresDatabase {
 public:
  /// Fails the test with a sentence when there is no server.
  PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;
  ~PostgresDatabase();

  [[nodiscard]] bool exists() const { return !settings_.name.empty(); }
  [[nodiscard]] const DatabaseSettings& settings() const { return settings_; }
  /// Executes SQL beside the gateway's own connections; returns the first field of the answer, if any.
  std::string query(const std::string& sql) const;
  /// Deletes every row of every table but the schema's own.
  void empty() const;

 private:
  DatabaseSettings server_;
  DatabaseSettings settings_;
};

}  // namespace agw::test
