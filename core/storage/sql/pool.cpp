#include "storage/sql/pool.hpp"

#include "storage/errors.hpp"

namespace agw::storage {

Pool::Borrowed Pool::borrow() {
  constexpr std::chrono::seconds kLongestWait{1};
  std::unique_lock lock(mutex_);
  if (!free_.wait_for(lock, kLongestWait, [this] { return !idle_.empty(); })) {
    throw SqlFailure{unavailable("all database connections are in use")};
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return Borrowed(*this, std::move(connection));
}

void Pool::giveBack(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  free_.notify_one();
}

}  // namespace agw::storage
