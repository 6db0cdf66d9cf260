#include "broker/read_stamps.hpp"

#include <utility>

namespace agw {

void ReadStamps::note(const std::string& grantId) {
  const auto now = clock_.now();
  const auto fresh = [now](TimePoint at) { return at <= now && now - at < kEvery; };
  const std::lock_guard lock(mutex_);
  const auto known = noted_.find(grantId);
  if (known != noted_.end() && fresh(known->second)) return;
  if (noted_.size() >= kMost) {
    // Reads wait meanwhile, so room is looked for only now and then.
    if (fullAt_ && now >= *fullAt_ && now - *fullAt_ < kLookAgain) return;
    std::erase_if(noted_, [&](const auto& entry) { return !fresh(entry.second); });
    fullAt_.reset();
    if (noted_.size() >= kMost) {
      fullAt_ = now;
      return;
    }
  }
  noted_[grantId] = now;
  pending_.push_back(grantId);
}

std::vector<std::string> ReadStamps::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pending_, {});
}

void ReadStamps::forget(const std::vector<std::string>& grantIds) {
  const std::lock_guard lock(mutex_);
  for (const auto& id : grantIds) noted_.erase(id);
}

}  // namespace agw
