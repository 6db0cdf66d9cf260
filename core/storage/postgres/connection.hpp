#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/secret.hpp"
#include "storage/postgres/options.hpp"
#include "storage/sql/connection.hpp"

struct pg_conn;
struct pg_result;

namespace agw::storage {

/// A connection to a PostgreSQL server, made at first use and made anew when it was lost. Every wait for the
/// server ends at the deadline of `ready`, also when the server hangs: then the connection is dropped.
class PostgresConnection final : public Connection {
 public:
  /// Whether the session gets the settings that the gateway relies on. Bare: it is left as it came, for it
  /// may be somebody else's next.
  enum class Session { Ours, Bare };

  PostgresConnection(ConnectionOptions options, Secret password, Session session = Session::Ours)
      : options_(std::move(options)), password_(std::move(password)), session_(session) {}

  void ready(Deadline deadline) override;
  int execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) override;
  void script(const std::string& text) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;

  /// The server process at the other end, as it was announced when the connection was made. `ready` first.
  [[nodiscard]] int announcedProcess() const;
  /// The server process that answers now: the same, unless a pooler stands between. Nothing is prepared for
  /// it.
  [[nodiscard]] int answeringProcess();
  /// Like `ready`, but a connection that was lost is not made anew: `SqlFailure`. For whom it is more than a
  /// way to the data.
  void keepUntil(Deadline deadline);
  /// The payloads of the notifications that came since the last call.
  [[nodiscard]] std::vector<std::string> notifications();
  /// Until something comes from the server, `wake` (a descriptor) can be read, or the time is over.
  void awaitInput(int wake, std::chrono::milliseconds longest);

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, Clear>;

  void connect();
  void setUpSession();
  [[nodiscard]] bool stillThere();
  void wait(short events);
  void send(int queued);
  Answer receive();
  const std::string& prepared(const Sql& sql);
  [[noreturn]] void lose(const std::string& why);
  [[noreturn]] void fail(const pg_result* result);

  ConnectionOptions options_;
  Secret password_;
  Session session_;
  Deadline deadline_{};
  std::unique_ptr<pg_conn, Finish> connection_;
  std::unordered_map<const Sql*, std::string> prepared_;
  bool inTransaction_ = false;
  bool committing_ = false;
};

}  // namespace agw::storage
