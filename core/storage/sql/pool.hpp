#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/sql/connection.hpp"

namespace agw::storage {

/// A fixed number of connections that threads borrow. Safe to call from many threads; outlives what is
/// borrowed.
class Pool {
 public:
  explicit Pool(std::vector<std::unique_ptr<Connection>> connections) : idle_(std::move(connections)) {}

  /// Gives the connection back when it ends.
  class Borrowed {
   public:
    Borrowed(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { pool_.giveBack(std::move(connection_)); }
    Connection& operator*() const { return *connection_; }

   private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// The connection used last, so that rarely used ones stay idle. Throws `SqlFailure` (Transient) when none
  /// comes free within a second.
  [[nodiscard]] Borrowed borrow();

 private:
  void giveBack(std::unique_ptr<Connection> connection);

  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace agw::storage
