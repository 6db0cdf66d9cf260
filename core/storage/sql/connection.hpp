#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

namespace agw::storage {

/// A statement in the SQL that both databases understand, with `?` for each parameter and the words of
/// `Dialect` in braces. Its address is its name: it lives as long as the process, and a connection prepares
/// it once.
struct Sql {
  std::string text;
};

/// A bound parameter: NULL, a number or a text, which is borrowed for the call.
using Value = std::variant<std::monostate, std::int64_t, std::string_view>;

/// A row of a result, valid inside the handler only.
class Row {
 public:
  /// NULL reads as an empty text.
  [[nodiscard]] virtual std::string text(int column) const = 0;
  [[nodiscard]] virtual std::optional<std::int64_t> number(int column) const = 0;

 protected:
  ~Row() = default;
};
using RowHandler = std::function<void(const Row&)>;

/// What goes wrong below `Storage`. Caught there and nowhere else.
struct SqlFailure {
  Error error;
  /// The connection is gone; a new one may do.
  bool lost = false;
  /// The database may have carried the statement out although no answer came.
  bool outcomeUnknown = false;
};

/// One connection with the statements that it has prepared. Used by one thread at a time. Methods throw
/// `SqlFailure`.
class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~Connection() = default;

  /// Makes sure that there is a server at the other end, connecting anew where it must. Everything until the
  /// next `ready` ends by `deadline`.
  virtual void ready(Deadline deadline) = 0;

  /// Executes `sql`, preparing it at its first use, and gives every row to `onRow`. Returns how many rows it
  /// returned or changed.
  virtual int execute(const Sql& sql, std::span<const Value> parameters, const RowHandler& onRow) = 0;
  /// Several statements without parameters or results, for migrations.
  virtual void script(const std::string& text) = 0;

  virtual void begin() = 0;
  virtual void commit() = 0;
  /// Never throws: what cannot be rolled back is dropped with the connection.
  virtual void rollback() noexcept = 0;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!done_) connection_.rollback();
  }
  void commit() {
    connection_.commit();
    done_ = true;
  }

 private:
  Connection& connection_;
  bool done_ = false;
};

}  // namespace agw::storage
