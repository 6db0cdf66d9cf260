#include <algorithm>
#include <map>
#include <tuple>

#include "storage/errors.hpp"
#include "storage/memory/memory_storage.hpp"

namespace agw {

using namespace storage;

namespace {

bool endsSoon(const SealedTokens& tokens, TimePoint now, TimePoint before) {
  const auto until = tokens.refreshToken.empty() ? tokens.accessExpiresAt : tokens.refreshExpiresAt;
  return until && *until < before && (*until - now) * 4 < *until - tokens.issuedAt;
}

}  // namespace

Result<std::optional<Grant>> MemoryStorage::findGrant(const std::string& provider,
                                                      const std::string& profile) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, row] : grants_) {
    if (row.grant.provider == provider && row.grant.profile == profile) return std::optional(row.grant);
  }
  return std::optional<Grant>();
}

Result<std::optional<Grant>> MemoryStorage::findGrantById(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(id);
  return found == grants_.end() ? std::nullopt : std::optional(found->second.grant);
}

Result<std::vector<Grant>> MemoryStorage::listGrants(const std::string& profile) {
  const std::lock_guard lock(mutex_);
  std::vector<Grant> grants;
  for (const auto& [id, row] : grants_) {
    if (row.grant.profile == profile) grants.push_back(row.grant);
  }
  std::sort(grants.begin(), grants.end(),
            [](const Grant& left, const Grant& right) { return left.provider < right.provider; });
  return grants;
}

Result<std::vector<GrantCount>> MemoryStorage::countGrants(TimePoint now, TimePoint before) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, GrantCount> counts;
  for (const auto& [id, row] : grants_) {
    const Grant& grant = row.grant;
    auto& count = counts[grant.provider];
    count.provider = grant.provider;
    const bool active = grant.status == GrantStatus::Active;
    ++(active ? count.active : count.needsConsent);
    if (!active) continue;
    if (grant.failures > 0) ++count.failing;
    if (endsSoon(grant.tokens, now, before)) ++count.ending;
    if (row.renewAt <= now) ++count.due;
  }
  std::vector<GrantCount> all;
  all.reserve(counts.size());
  for (auto& [provider, count] : counts) all.push_back(std::move(count));
  return all;
}

Result<int> MemoryStorage::countOtherGrants(const std::string& provider, const std::string& subject,
                                            const std::string& exceptId) {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(grants_.begin(), grants_.end(), [&](const auto& entry) {
    const Grant& grant = entry.second.grant;
    return grant.provider == provider && grant.subject == subject && grant.id != exceptId;
  }));
}

Result<std::vector<Grant>> MemoryStorage::listGrantsOfSubject(const std::string& provider,
                                                              const std::string& subject) {
  const std::lock_guard lock(mutex_);
  std::vector<Grant> grants;
  for (const auto& [id, row] : grants_) {
    const Grant& grant = row.grant;
    if (!subject.empty() && grant.provider == provider && grant.subject == subject) grants.push_back(grant);
  }
  return grants;
}

Result<void> MemoryStorage::deleteGrant(const std::string& id, Version seen) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(id);
  if (found == grants_.end()) return notFound(kNoGrant);
  if (found->second.grant.version != seen) return conflict(kChanged);
  grants_.erase(found);
  return {};
}

Result<Version> MemoryStorage::putGrant(const Grant& grant, Version seen) {
  const GrantWrite write(changes_, grant.id);
  const std::lock_guard lock(mutex_);
  GrantRow next{.grant = grant};
  const auto found = grants_.find(grant.id);
  if (seen == 0) {
    const bool taken = std::any_of(grants_.begin(), grants_.end(), [&](const auto& entry) {
      const Grant& other = entry.second.grant;
      return other.provider == grant.provider && other.profile == grant.profile;
    });
    if (taken || found != grants_.end()) return conflict(kChanged);
    next.grant.fence = 0;
  } else {
    if (found == grants_.end() || found->second.grant.version != seen) return conflict(kChanged);
    next.grant.provider = found->second.grant.provider;
    next.grant.profile = found->second.grant.profile;
    next.grant.fence = found->second.grant.fence;
    next.readAt = found->second.readAt;
  }
  next.grant.version = seen + 1;
  next.grant.openIntents = 0;
  next.grant.failures = 0;
  next.grant.lastError.clear();
  next.grant.challenge.clear();
  next.grant.lastAttemptAt.reset();
  next.grant.retryNotBefore.reset();
  grants_.insert_or_assign(grant.id, std::move(next));
  return seen + 1;
}

Result<Grant> MemoryStorage::acquireLease(const std::string& id, const std::string& owner,
                                          std::chrono::milliseconds ttl) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  return lease(id, owner, ttl);
}

Result<Grant> MemoryStorage::lease(const std::string& id, const std::string& owner,
                                   std::chrono::milliseconds ttl) {
  const auto found = grants_.find(id);
  if (found == grants_.end()) return notFound(kNoGrant);
  auto& row = found->second;
  if (leased(row)) return conflict(kLeaseHeld);
  row.leaseOwner = owner;
  row.leaseUntil = clock_.now() + ttl;
  ++row.grant.fence;
  ++row.grant.openIntents;
  return row.grant;
}

MemoryStorage::GrantRow* MemoryStorage::holder(const std::string& id, const Lease& lease) {
  const auto found = grants_.find(id);
  if (found == grants_.end() || lease.owner.empty() || found->second.leaseOwner != lease.owner ||
      found->second.grant.fence != lease.fence) {
    return nullptr;
  }
  return &found->second;
}

Result<Grant> MemoryStorage::acquireAccountLease(const std::string& id, const std::string& owner,
                                                 std::chrono::milliseconds ttl) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(id);
  if (found == grants_.end()) return notFound(kNoGrant);
  const Grant& grant = found->second.grant;
  const bool held = std::any_of(grants_.begin(), grants_.end(), [&](const auto& entry) {
    const Grant& other = entry.second.grant;
    return !grant.subject.empty() && other.provider == grant.provider && other.subject == grant.subject &&
           leased(entry.second);
  });
  if (held) return conflict(kLeaseHeld);
  return lease(id, owner, ttl);
}

Result<void> MemoryStorage::releaseLease(const std::string& id, const Lease& lease) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  auto* row = holder(id, lease);
  if (!row) return conflict(kLeaseLost);
  row->leaseOwner.clear();
  --row->grant.openIntents;
  return {};
}

Result<Version> MemoryStorage::replaceTokens(const std::string& id, Version seen,
                                             const SealedTokens& tokens) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(id);
  if (found == grants_.end()) return notFound(kNoGrant);
  auto& row = found->second;
  if (row.grant.version != seen) return conflict(kChanged);
  row.grant.tokens = tokens;
  row.renewAt = firstLookAt(tokens);
  row.grant.status = GrantStatus::Active;
  row.grant.version = seen + 1;
  row.grant.updatedAt = clock_.now();
  row.grant.openIntents = 0;
  row.grant.failures = 0;
  row.grant.lastError.clear();
  row.grant.challenge.clear();
  row.grant.lastAttemptAt = tokens.issuedAt;
  row.grant.retryNotBefore.reset();
  row.leaseOwner.clear();
  return seen + 1;
}

Result<void> MemoryStorage::endRefresh(const std::string& id, const Lease& lease, Version seen,
                                       const RefreshFailure& failure) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  auto* row = holder(id, lease);
  if (!row) return conflict(kLeaseLost);
  row->leaseOwner.clear();
  Grant& grant = row->grant;
  if (grant.version != seen) return {};
  if (failure.dead) grant.status = GrantStatus::NeedsConsent;
  if (failure.intentSettled) grant.openIntents = 0;
  ++grant.failures;
  grant.lastError = failure.error;
  grant.challenge = failure.challenge;
  grant.lastAttemptAt = failure.at;
  grant.retryNotBefore = failure.retryNotBefore;
  row->renewAt = failure.retryNotBefore.value_or(row->renewAt);
  grant.updatedAt = clock_.now();
  return {};
}

Result<void> MemoryStorage::revokeGrant(const std::string& id, Version seen,
                                        const PendingRevocation& revocation) {
  const GrantWrite write(changes_, id);
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(id);
  if (found == grants_.end()) return notFound(kNoGrant);
  if (found->second.grant.version != seen) return conflict(kChanged);
  if (auto added = addRevocation(revocation); !added) return added;
  grants_.erase(found);
  return {};
}

Result<void> MemoryStorage::addRevocation(const PendingRevocation& revocation) {
  if (!revocations_.try_emplace(revocation.id, Versioned<PendingRevocation>{revocation}).second) {
    return conflict(kExists);
  }
  return {};
}

Result<void> MemoryStorage::queueRevocation(const PendingRevocation& revocation) {
  const std::lock_guard lock(mutex_);
  return addRevocation(revocation);
}

Result<std::vector<PendingRevocation>> MemoryStorage::claimRevocations(TimePoint now,
                                                                       std::chrono::seconds claim,
                                                                       int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<PendingRevocation*> due;
  for (auto& [id, entry] : revocations_) {
    if (entry.row.notBefore <= now) due.push_back(&entry.row);
  }
  std::stable_sort(due.begin(), due.end(), [](const auto* left, const auto* right) {
    return std::tie(left->notBefore, left->createdAt) < std::tie(right->notBefore, right->createdAt);
  });
  if (due.size() > static_cast<std::size_t>(std::max(0, limit))) due.resize(static_cast<std::size_t>(limit));
  std::stable_sort(due.begin(), due.end(),
                   [](const auto* left, const auto* right) { return left->createdAt < right->createdAt; });
  std::vector<PendingRevocation> claimed;
  for (auto* row : due) {
    row->notBefore = now + claim;
    claimed.push_back(*row);
  }
  return claimed;
}

Result<void> MemoryStorage::postponeRevocation(const std::string& id, TimePoint notBefore) {
  const std::lock_guard lock(mutex_);
  const auto found = revocations_.find(id);
  if (found == revocations_.end()) return {};
  ++found->second.row.attempts;
  found->second.row.notBefore = notBefore;
  return {};
}

Result<void> MemoryStorage::deleteRevocation(const std::string& id) {
  const std::lock_guard lock(mutex_);
  revocations_.erase(id);
  return {};
}

}  // namespace agw
