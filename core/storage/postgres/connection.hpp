#pragma once

#include <memory>
#include <string>
#include <unordered_map>

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
  PostgresConnection(ConnectionOptions options, Secret password)
      : options_(std::move(options)), password_(std::move(password)) {}

  void ready(Deadline deadline) override;
  int execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) override;
  void script(const std::string& text) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, Clear>;

  void connect();
  [[nodiscard]] bool stillThere();
  void wait(short events);
  void send(int queued);
  Answer receive();
  const std::string& prepared(const Sql& sql);
  [[noreturn]] void lose(const std::string& why);
  [[noreturn]] void fail(const pg_result* result);

  ConnectionOptions options_;
  Secret password_;
  Deadline deadline_{};
  std::unique_ptr<pg_conn, Finish> connection_;
  std::unordered_map<const Sql*, std::string> prepared_;
  bool inTransaction_ = false;
  bool committing_ = false;
};

}  // namespace agw::storage
