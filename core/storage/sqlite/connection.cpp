#include "storage/sqlite/connection.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include "storage/errors.hpp"
#include "storage/sql/dialect.hpp"

namespace agw::storage {
namespace {

constexpr std::chrono::seconds kLongestOpening{4};
constexpr int kPauseMicros = 1000;

// Why this journal mode: docs/adr/0003-sqlite-journal.md.
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0; "
    "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
constexpr const char* kReaderSettings =
    "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA trusted_schema = "
    "OFF; "
    "PRAGMA temp_store = MEMORY;";

void answerNow(sqlite3_context* context, int, sqlite3_value**) {
  const auto* clock = static_cast<const Clock*>(sqlite3_user_data(context));
  sqlite3_result_int64(context, toMillis(clock->now()));
}

Error meaning(int code, std::string detail) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
      return damaged(std::move(detail));
    case SQLITE_CONSTRAINT:
      return Error{.kind = ErrorKind::Conflict, .message = kExists, .detail = std::move(detail)};
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return Error{.kind = ErrorKind::Bug,
                   .message = "The database refused a statement.",
                   .detail = std::move(detail)};
    default:  // busy, full, unreadable, out of memory: may pass
      return unavailable(std::move(detail));
  }
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  std::string text(int column) const override {
    const auto* octets = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return octets ? std::string(octets, size) : std::string();
  }
  std::optional<std::int64_t> number(int column) const override {
    if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) return std::nullopt;
    return sqlite3_column_int64(statement_, column);
  }

 private:
  sqlite3_stmt* statement_;
};

/// Ends the execution, so that the statement holds no lock, and lets go of borrowed parameters.
class Execution {
 public:
  explicit Execution(sqlite3_stmt* statement) : statement_(statement) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int place, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, place, *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return sqlite3_bind_text64(statement, place, text->data() ? text->data() : "", text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, place);
}

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}
void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

/// The writer's turn for one statement that writes; inside a transaction it is taken already.
class SqliteConnection::Turn {
 public:
  explicit Turn(SqliteConnection& connection, bool writes = true)
      : connection_(connection), taken_(writes && connection.turns_ && !connection.inTransaction_) {
    if (taken_) connection_.takeTurn();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (taken_) connection_.leaveTurn();
  }

 private:
  SqliteConnection& connection_;
  bool taken_;
};

SqliteConnection::SqliteConnection(const std::string& path, const Clock& clock,
                                   std::shared_ptr<LockFile> turns)
    : turns_(std::move(turns)), deadline_(std::chrono::steady_clock::now() + kLongestOpening) {
  sqlite3* opened = nullptr;
  // One thread at a time uses a connection, so SQLite need not lock it.
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_handler(opened, waitForLock, this);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Whoever closes last would checkpoint out of turn. The next writer finds the journal and goes on with it.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): handed to `answerNow`, which only reads it
  auto* readClock = const_cast<Clock*>(&clock);
  const int registered = sqlite3_create_function_v2(opened, "agw_now", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                                    readClock, answerNow, nullptr, nullptr, nullptr);
  if (registered != SQLITE_OK) fail(registered);
  script(turns_ ? kWriterSettings : kReaderSettings);
}

SqliteConnection::~SqliteConnection() = default;

/// Waits in short even steps: SQLite's own handler sleeps longer and longer, so that of two busy processes
/// one starves.
int SqliteConnection::waitForLock(void* connection, int) {
  if (std::chrono::steady_clock::now() >= static_cast<SqliteConnection*>(connection)->deadline_) return 0;
  usleep(kPauseMicros);
  return 1;
}

void SqliteConnection::takeTurn() {
  while (!turns_->tryTake(LockFile::Part::Writer)) {
    if (waitForLock(this, 0) == 0) throw SqlFailure{unavailable("sqlite: another process is writing")};
  }
}

void SqliteConnection::leaveTurn() {
  turns_->leave(LockFile::Part::Writer);
}

void SqliteConnection::fail(int code) const {
  std::string detail = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  throw SqlFailure{meaning(code, "sqlite " + std::to_string(code) + ": " + detail)};
}

sqlite3_stmt* SqliteConnection::prepared(const Sql& sql) {
  auto& statement = statements_[&sql];
  if (statement) return statement.get();
  sqlite3_stmt* fresh = nullptr;
  const std::string text = spell(sql.text, kSqliteDialect);
  const int code = sqlite3_prepare_v3(database_.get(), text.c_str(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &fresh, nullptr);
  if (code != SQLITE_OK) fail(code);
  statement.reset(fresh);
  return fresh;
}

int SqliteConnection::execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) {
  sqlite3_stmt* statement = prepared(sql);
  const Turn turn(*this, sqlite3_stmt_readonly(statement) == 0);
  const Execution execution(statement);
  int place = 0;
  for (const auto& parameter : parameters) {
    if (const int code = bind(statement, ++place, parameter); code != SQLITE_OK) fail(code);
  }
  int rows = 0;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ++rows;
    onRow(SqliteRow(statement));
  }
  if (code != SQLITE_DONE) fail(code);
  return sqlite3_column_count(statement) > 0 ? rows : sqlite3_changes(database_.get());
}

void SqliteConnection::run(const char* text) {
  const int code = sqlite3_exec(database_.get(), text, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void SqliteConnection::script(const std::string& text) {
  const Turn turn(*this);
  run(text.c_str());
}

void SqliteConnection::begin() {
  takeTurn();
  inTransaction_ = true;
  try {
    run("BEGIN IMMEDIATE");
  } catch (const SqlFailure&) {
    rollback();
    throw;
  }
}

void SqliteConnection::commit() {
  run("COMMIT");
  inTransaction_ = false;
  leaveTurn();
}

void SqliteConnection::rollback() noexcept {
  // A full disk may have rolled back already.
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  inTransaction_ = false;
  leaveTurn();
}

}  // namespace agw::storage
