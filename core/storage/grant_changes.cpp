#include "storage/grant_changes.hpp"

#include <algorithm>
#include <mutex>

namespace agw::storage {

using std::chrono::steady_clock;

void GrantChanges::listen(GrantListener& listener) {
  const std::unique_lock lock(mutex_);
  listeners_.push_back(&listener);
}

void GrantChanges::unlisten(GrantListener& listener) {
  const std::unique_lock lock(mutex_);
  std::erase(listeners_, &listener);
}

void GrantChanges::tell(const std::string& id) noexcept {
  const std::shared_lock lock(mutex_);
  for (auto* listener : listeners_) listener->grantChanged(id);
}

void GrantChanges::tellAll() noexcept {
  const std::shared_lock lock(mutex_);
  for (auto* listener : listeners_) listener->grantsChanged();
}

void GrantChanges::toldUntil(steady_clock::time_point moment) noexcept {
  toldUntil_.store(moment.time_since_epoch().count(), std::memory_order_release);
}

bool GrantChanges::upToDate() const noexcept {
  constexpr std::chrono::seconds kLongest{2};
  const steady_clock::duration since(toldUntil_.load(std::memory_order_acquire));
  return steady_clock::now().time_since_epoch() < since + kLongest;
}

}  // namespace agw::storage
