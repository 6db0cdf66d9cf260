#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/edge/connection.hpp"

namespace agw::api {

/// A place for one connection. Whoever holds `mutex` uses the connection: a worker for as long as it serves
/// it, the keeper of deadlines for a moment. `generation` counts the connections that had this place, so that
/// an event which was meant for an earlier one is recognised.
struct Slot {
  std::mutex mutex;
  std::uint32_t generation = 0;
  int descriptor = -1;
  std::atomic<std::uint64_t> group{0};  ///< `Connection::group`, to be read without the mutex
  std::unique_ptr<Connection> connection;
};

/// All connections, within the caps. Safe to call from many threads.
class ConnectionTable {
 public:
  ConnectionTable(int maxConnections, int maxConnectionsPerPeer);

  /// A free place, counted for `group`; -1 when a cap is reached. An empty group is not counted.
  [[nodiscard]] int take(const std::string& group);
  void release(int index, const std::string& group);

  [[nodiscard]] Slot& at(int index) { return slots_[static_cast<std::size_t>(index)]; }
  /// Places from 0 that were ever taken.
  [[nodiscard]] int used() const;
  [[nodiscard]] int open() const;
  /// Waits until no connection is left; false when `limit` passed before.
  bool waitUntilEmpty(std::chrono::milliseconds limit);

 private:
  std::vector<Slot> slots_;
  const int maxConnectionsPerPeer_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::vector<int> free_;
  std::unordered_map<std::string, int> perPeer_;
  int used_ = 0;
  int open_ = 0;
};

}  // namespace agw::api
