#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "storage/sql/connection.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace agw::storage {

/// A connection to a database file. Made readable and writable alike; which one writes is the pools' matter.
class SqliteConnection final : public Connection {
 public:
  /// Opens the file, which must exist, with the gateway's settings. `clock` answers `agw_now()` and must
  /// outlive the connection. Throws `SqlFailure`.
  SqliteConnection(const std::string& path, const Clock& clock);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void ready(Deadline) override {}  // SQLite's own busy time-out bounds every statement
  int execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) override;
  void script(const std::string& text) override;
  void begin() override { script("BEGIN IMMEDIATE"); }
  void commit() override { script("COMMIT"); }
  void rollback() noexcept override;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  [[noreturn]] void fail(int code) const;
  sqlite3_stmt* prepared(const Sql& sql);

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<const Sql*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace agw::storage
