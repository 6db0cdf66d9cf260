#include "api/edge/connection_table.hpp"

#include <algorithm>

namespace agw::api {

ConnectionTable::ConnectionTable(int maxConnections, int maxConnectionsPerPeer)
    : slots_(static_cast<std::size_t>(std::max(maxConnections, 1))),
      maxConnectionsPerPeer_(maxConnectionsPerPeer) {}

int ConnectionTable::take(const std::string& group) {
  const std::lock_guard lock(mutex_);
  if (free_.empty() && used_ == static_cast<int>(slots_.size())) return -1;
  if (!group.empty()) {
    int& count = perPeer_[group];
    if (count >= maxConnectionsPerPeer_) return -1;
    ++count;
  }
  ++open_;
  if (free_.empty()) return used_++;
  const int index = free_.back();
  free_.pop_back();
  return index;
}

void ConnectionTable::release(int index, const std::string& group) {
  const std::lock_guard lock(mutex_);
  free_.push_back(index);
  if (const auto known = perPeer_.find(group); known != perPeer_.end() && --known->second == 0)
    perPeer_.erase(known);
  if (--open_ == 0) emptied_.notify_all();
}

int ConnectionTable::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

int ConnectionTable::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

bool ConnectionTable::waitUntilEmpty(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, limit, [&] { return open_ == 0; });
}

}  // namespace agw::api
