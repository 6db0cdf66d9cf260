#include "storage/memory/memory_storage.hpp"

namespace agw {

Result<bool> MemoryStorage::knowsDelivery(const std::string& provider, const std::string& delivery) {
  const std::lock_guard lock(mutex_);
  return deliveries_.contains({provider, delivery});
}

Result<void> MemoryStorage::rememberDelivery(const std::string& provider, const std::string& delivery,
                                             TimePoint at) {
  const std::lock_guard lock(mutex_);
  deliveries_.try_emplace({provider, delivery}, at);
  return {};
}

Result<int> MemoryStorage::deleteDeliveries(TimePoint before, int limit) {
  const std::lock_guard lock(mutex_);
  int deleted = 0;
  for (auto row = deliveries_.begin(); row != deliveries_.end() && deleted < limit;) {
    const bool old = row->second <= before;
    if (old) ++deleted;
    row = old ? deliveries_.erase(row) : std::next(row);
  }
  return deleted;
}

}  // namespace agw
