#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "storage/sql/connection.hpp"
#include "storage/sqlite/file.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace agw::storage {

/// A connection to a database file, either a reader or the writer of its storage. Writers of all processes
/// take turns: a write or checkpoint never meets another one (docs/adr/0003-sqlite-journal.md).
class SqliteConnection final : public Connection {
 public:
  /// Opens the file, which must exist, with the gateway's settings. With `turns` it writes, without it only
  /// reads. `clock` answers `agw_now()` and must outlive the connection. Throws `SqlFailure`.
  SqliteConnection(const std::string& path, const Clock& clock, std::shared_ptr<LockFile> turns);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void ready(Deadline deadline) override { deadline_ = deadline; }
  int execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) override;
  void script(const std::string& text) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  class Turn;

  [[noreturn]] void fail(int code) const;
  static int waitForLock(void* connection, int tries);
  void takeTurn();
  void leaveTurn();
  void run(const char* text);
  sqlite3_stmt* prepared(const Sql& sql);

  std::shared_ptr<LockFile> turns_;
  bool inTransaction_ = false;
  Deadline deadline_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<const Sql*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace agw::storage
