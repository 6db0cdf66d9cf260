#include <algorithm>

#include "storage/memory/memory_storage.hpp"

namespace agw {

Result<std::vector<DueGrant>> MemoryStorage::claimDueGrants(const std::string& provider, TimePoint now,
                                                            std::chrono::seconds claim, int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<GrantRow*> due;
  for (auto& [id, row] : grants_) {
    const bool active = row.grant.status == GrantStatus::Active;
    if (active && row.grant.provider == provider && row.renewAt <= now) due.push_back(&row);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const auto* left, const auto* right) { return left->renewAt < right->renewAt; });
  if (due.size() > static_cast<std::size_t>(std::max(0, limit))) due.resize(static_cast<std::size_t>(limit));
  std::vector<DueGrant> claimed;
  for (auto* row : due) {
    row->renewAt = now + claim;
    claimed.push_back({.grant = row->grant, .readAt = row->readAt});
  }
  std::sort(claimed.begin(), claimed.end(), endsFirst);
  return claimed;
}

Result<void> MemoryStorage::postponeRenewals(const std::vector<Postponement>& postponements) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, seen, until] : postponements) {
    const auto found = grants_.find(id);
    if (found != grants_.end() && found->second.grant.version == seen) found->second.renewAt = until;
  }
  return {};
}

Result<void> MemoryStorage::markRead(const std::vector<std::string>& ids, TimePoint at) {
  const std::lock_guard lock(mutex_);
  for (const auto& id : ids) {
    const auto found = grants_.find(id);
    if (found == grants_.end()) continue;
    auto& readAt = found->second.readAt;
    readAt = std::max(readAt.value_or(at), at);
  }
  return {};
}

}  // namespace agw
