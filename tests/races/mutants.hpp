#pragma once

#include <map>
#include <string>
#include <utility>

#include "races/scheduler.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {

/// Gives everybody a lease, whoever holds one.
class NoLease final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds) override {
    return inner_.acquireLease(id, owner, std::chrono::milliseconds(0));
  }
};

/// Leases without a fencing number: an early holder cannot be told from a late one.
class NoFence final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    auto grant = inner_.acquireLease(id, owner, ttl);
    if (grant) fences_[owner] = std::exchange(grant->fence, 0);
    return grant;
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    auto grant = inner_.findGrantById(id);
    if (grant && *grant) (*grant)->fence = 0;
    return grant;
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    return inner_.endRefresh(id, {lease.owner, fences_[lease.owner]}, seen, failure);
  }
  Result<void> releaseLease(const std::string& id, const Lease& lease) override {
    return inner_.releaseLease(id, {lease.owner, fences_[lease.owner]});
  }

 private:
  std::map<std::string, std::int64_t> fences_;
};

/// Writes tokens and verdicts whatever the version is.
class NoVersionCheck final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Version> replaceTokens(const std::string& id, Version, const SealedTokens& tokens) override {
    return inner_.replaceTokens(id, versionOf(id), tokens);
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version,
                          const RefreshFailure& failure) override {
    return inner_.endRefresh(id, lease, versionOf(id), failure);
  }

 private:
  Version versionOf(const std::string& id) {
    const auto row = inner_.findGrantById(id);
    return *row ? (*row)->version : 0;
  }
};

/// Whoever was told that a grant is dead believes it: a second look shows what the lease showed, and the
/// verdict falls on whatever the row holds by then.
class NoSecondLook final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    auto grant = inner_.acquireLease(id, owner, ttl);
    if (grant) seen_[Scheduler::current()] = *grant;
    return grant;
  }
  Result<std::optional<Grant>> findGrantById(const std::string& id) override {
    const auto seen = seen_.find(Scheduler::current());
    if (seen != seen_.end() && seen->second.id == id) return std::optional(seen->second);
    return inner_.findGrantById(id);
  }
  Result<void> endRefresh(const std::string& id, const Lease& lease, Version seen,
                          const RefreshFailure& failure) override {
    seen_.erase(Scheduler::current());
    auto ended = inner_.endRefresh(id, lease, seen, failure);
    const auto row = inner_.findGrantById(id);
    if (!failure.dead || !*row || (*row)->status == GrantStatus::NeedsConsent) return ended;
    const auto forced = inner_.acquireLease(id, "mutant", std::chrono::milliseconds(0));
    if (!forced) return ended;
    return inner_.endRefresh(id, {"mutant", forced->fence}, forced->version, failure);
  }

 private:
  std::map<const Scheduler::Actor*, Grant> seen_;
};

/// The end of a refresh ends the lease of whoever holds one then.
class ReleaseWithoutOwner final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    auto grant = inner_.acquireLease(id, owner, ttl);
    if (grant) holders_[id] = {owner, grant->fence};
    return grant;
  }
  Result<void> endRefresh(const std::string& id, const Lease&, Version seen,
                          const RefreshFailure& failure) override {
    return inner_.endRefresh(id, holders_[id], seen, failure);
  }
  Result<void> releaseLease(const std::string& id, const Lease&) override {
    return inner_.releaseLease(id, holders_[id]);
  }

 private:
  std::map<std::string, Lease> holders_;
};

}  // namespace agw::test
