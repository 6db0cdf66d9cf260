#include "storage/postgres/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include "storage/errors.hpp"
#include "storage/sql/dialect.hpp"

namespace agw::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestConnect{3};

/// A statement ends when its caller has long gone, and no forgotten one holds locks. Not by start-up options,
/// which a connection pooler refuses.
constexpr const char* kSessionSettings =
    "SET statement_timeout = 3500; SET idle_in_transaction_session_timeout = 10000; SET timezone = 'UTC'; "
    "SET default_transaction_isolation = 'read committed'";

class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}
  std::string text(int column) const override {
    return std::string(PQgetvalue(result_, row_, column),
                       static_cast<std::size_t>(PQgetlength(result_, row_, column)));
  }
  std::optional<std::int64_t> number(int column) const override {
    if (PQgetisnull(result_, row_, column) != 0) return std::nullopt;
    const char* digits = PQgetvalue(result_, row_, column);
    const char* end = digits + PQgetlength(result_, row_, column);
    std::int64_t number = 0;
    const auto read = std::from_chars(digits, end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
  }

 private:
  const PGresult* result_;
  int row_;
};

/// Parameters in libpq's text format. Borrowed texts are copied, for libpq wants a NUL behind them.
class Parameters {
 public:
  explicit Parameters(std::span<const Value> values) {
    texts_.reserve(values.size());
    for (const auto& value : values) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        texts_.push_back(std::to_string(*number));
      } else if (const auto* text = std::get_if<std::string_view>(&value)) {
        texts_.emplace_back(*text);
      } else {
        pointers_.push_back(nullptr);
        continue;
      }
      pointers_.push_back(texts_.back().c_str());
    }
  }
  [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
  [[nodiscard]] const char* const* values() const { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

Error meaning(std::string_view state, std::string detail) {
  if (state.starts_with("23")) {
    return Error{.kind = ErrorKind::Conflict, .message = kExists, .detail = std::move(detail)};
  }
  if (state == "22021" || state == "22P05") {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "Text must be UTF-8 without NUL.",
                 .detail = std::move(detail)};
  }
  if (state.starts_with("XX001") || state.starts_with("XX002")) return damaged(std::move(detail));
  if (state.starts_with("42") || state.starts_with("22")) {
    return Error{
        .kind = ErrorKind::Bug, .message = "The database refused a statement.", .detail = std::move(detail)};
  }
  return unavailable(std::move(detail));
}

/// A server that shuts down, fails over, became read-only, or forgot our prepared statements: another
/// connection may do.
bool wantsNewConnection(std::string_view state) {
  return state.starts_with("08") || state.starts_with("57P") || state == "25006" || state == "26000";
}

}  // namespace

void PostgresConnection::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}
void PostgresConnection::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

void PostgresConnection::lose(const std::string& why) {
  const bool unknown = committing_ || !inTransaction_;
  connection_.reset();
  prepared_.clear();
  inTransaction_ = false;
  committing_ = false;
  throw SqlFailure{unavailable("postgresql: " + why), true, unknown};
}

void PostgresConnection::fail(const pg_result* result) {
  const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view code = state ? state : "";
  const std::string detail = result ? PQresultErrorMessage(result) : PQerrorMessage(connection_.get());
  if (!result || PQstatus(connection_.get()) != CONNECTION_OK || wantsNewConnection(code)) lose(detail);
  throw SqlFailure{meaning(code, "postgresql " + std::string(code) + ": " + detail)};
}

/// Waits for the socket. At the deadline the connection is given up: what the server still does with it is
/// unknown.
void PostgresConnection::wait(short events) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now()).count();
    pollfd socket{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
    const int count = poll(&socket, 1, static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 60'000)));
    if (count > 0) return;
    if (count < 0 && errno != EINTR) lose("cannot wait for the server");
    if (steady_clock::now() >= deadline_) lose("no answer in time");
  }
}

void PostgresConnection::connect() {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options_) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  const std::string password(password_.reveal());
  keywords.insert(keywords.end(), {"password", nullptr});
  values.insert(values.end(), {password.c_str(), nullptr});

  const auto end = deadline_;
  deadline_ = std::min(deadline_, steady_clock::now() + kLongestConnect);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection_) throw SqlFailure{unavailable("postgresql: out of memory")};
  // Notices belong into the server's log, not on our standard error.
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  auto next = PGRES_POLLING_WRITING;
  while (PQstatus(connection_.get()) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
         next != PGRES_POLLING_FAILED) {
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT);
    next = PQconnectPoll(connection_.get());
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) lose(PQerrorMessage(connection_.get()));
  deadline_ = end;
  PQsetnonblocking(connection_.get(), 1);
  if (session_ == Session::Ours) setUpSession();
}

/// A connection without its settings is none.
void PostgresConnection::setUpSession() {
  try {
    script(kSessionSettings);
  } catch (const SqlFailure& failure) {
    lose(failure.error.detail);
  }
}

/// Looks for a hang-up that came while nobody used the connection: one system call when there is none.
bool PostgresConnection::stillThere() {
  pollfd socket{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  // A server that ends the connection says why first: the hang-up comes after what it said.
  while (poll(&socket, 1, 0) != 0) {
    if (PQconsumeInput(connection_.get()) != 1 || PQstatus(connection_.get()) != CONNECTION_OK) return false;
  }
  return true;
}

void PostgresConnection::ready(Deadline deadline) {
  deadline_ = deadline;
  inTransaction_ = false;
  committing_ = false;
  if (connection_ && stillThere()) return;
  connection_.reset();
  prepared_.clear();
  connect();
}

void PostgresConnection::send(int queued) {
  if (queued != 1) fail(nullptr);
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return;
    if (left < 0) fail(nullptr);
    wait(POLLIN | POLLOUT);
    if (PQconsumeInput(connection_.get()) != 1) fail(nullptr);
  }
}

/// The last answer to what was sent; an error among several answers wins.
PostgresConnection::Answer PostgresConnection::receive() {
  Answer last;
  bool failed = false;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) {
      wait(POLLIN);
      if (PQconsumeInput(connection_.get()) != 1) fail(nullptr);
    }
    Answer answer(PQgetResult(connection_.get()));
    if (!answer) break;
    if (failed) continue;
    last = std::move(answer);
    failed = PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
  }
  const auto status = PQresultStatus(last.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(last.get());
  return last;
}

const std::string& PostgresConnection::prepared(const Sql& sql) {
  if (const auto known = prepared_.find(&sql); known != prepared_.end()) return known->second;
  std::string name = "agw" + std::to_string(prepared_.size() + 1);
  send(PQsendPrepare(connection_.get(), name.c_str(), spell(sql.text, kPostgresDialect).c_str(), 0, nullptr));
  receive();
  return prepared_.emplace(&sql, std::move(name)).first->second;
}

int PostgresConnection::execute(const Sql& sql, std::span<const Value> values, const RowHandler& onRow) {
  const std::string& name = prepared(sql);
  const Parameters parameters(values);
  send(PQsendQueryPrepared(connection_.get(), name.c_str(), parameters.count(), parameters.values(), nullptr,
                           nullptr, 0));
  const Answer answer = receive();
  if (PQresultStatus(answer.get()) == PGRES_COMMAND_OK) {
    const std::string_view changed = PQcmdTuples(answer.get());
    int count = 0;
    std::from_chars(changed.data(), changed.data() + changed.size(), count);
    return count;
  }
  const int rows = PQntuples(answer.get());
  for (int row = 0; row < rows; ++row) onRow(PostgresRow(answer.get(), row));
  return rows;
}

void PostgresConnection::script(const std::string& text) {
  send(PQsendQuery(connection_.get(), text.c_str()));
  receive();
}

int PostgresConnection::announcedProcess() const {
  return PQbackendPID(connection_.get());
}

int PostgresConnection::answeringProcess() {
  send(PQsendQuery(connection_.get(), "SELECT pg_backend_pid()"));
  const Answer answer = receive();
  const auto number = PQntuples(answer.get()) == 1 ? PostgresRow(answer.get(), 0).number(0) : std::nullopt;
  return static_cast<int>(number.value_or(0));
}

void PostgresConnection::keepUntil(Deadline deadline) {
  deadline_ = deadline;
  inTransaction_ = false;
  committing_ = false;
  if (!connection_ || !stillThere()) lose("the connection was closed");
}

std::vector<std::string> PostgresConnection::notifications() {
  if (PQconsumeInput(connection_.get()) != 1) fail(nullptr);
  std::vector<std::string> payloads;
  while (PGnotify* notification = PQnotifies(connection_.get())) {
    payloads.emplace_back(notification->extra);
    PQfreemem(notification);
  }
  return payloads;
}

void PostgresConnection::awaitInput(int wake, milliseconds longest) {
  std::array<pollfd, 2> sockets{{{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0},
                                 {.fd = wake, .events = POLLIN, .revents = 0}}};
  const auto time = std::clamp<milliseconds::rep>(longest.count(), 0, 60'000);
  if (poll(sockets.data(), sockets.size(), static_cast<int>(time)) < 0 && errno != EINTR)
    lose("cannot wait for the server");
}

void PostgresConnection::begin() {
  inTransaction_ = true;  // from here on a lost connection has changed nothing
  script("BEGIN");
}

void PostgresConnection::commit() {
  committing_ = true;
  script("COMMIT");
  committing_ = false;
  inTransaction_ = false;
}

void PostgresConnection::rollback() noexcept {
  if (!connection_) return;
  committing_ = false;
  try {
    script("ROLLBACK");
    inTransaction_ = false;
  } catch (const SqlFailure&) {
    connection_.reset();  // `ready` makes a new one
  }
}

}  // namespace agw::storage
