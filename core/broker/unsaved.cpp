#include "broker/unsaved.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace agw {

using std::chrono::milliseconds;

UnsavedTokens::UnsavedTokens(Storage& storage, const Vault& vault, RevokeService& revoke, Log& log)
    : storage_(storage), vault_(vault), revoke_(revoke), log_(log) {}

UnsavedTokens::~UnsavedTokens() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  retryAll();
  for (const auto& [id, entry] : entries_) {
    log_.write(LogLevel::Error, "rotated_tokens_lost",
               {{"grant", id}, {"provider", entry->tokens.grant.provider}});
  }
}

StoreOutcome UnsavedTokens::store(RefreshedTokens tokens) {
  const auto outcome = attempt(tokens);
  if (outcome != StoreOutcome::Away) return outcome;
  const std::string id = tokens.grant.id;
  log_.write(LogLevel::Error, "rotated_tokens_not_stored",
             {{"grant", id}, {"provider", tokens.grant.provider}});
  auto entry = std::make_shared<Entry>();
  entry->tokens = std::move(tokens);
  const std::lock_guard lock(mutex_);
  entries_[id] = std::move(entry);
  count_ = static_cast<int>(entries_.size());
  if (!thread_.joinable()) thread_ = std::thread([this] { keepTrying(); });
  changed_.notify_all();
  return outcome;
}

std::shared_ptr<UnsavedTokens::Entry> UnsavedTokens::entryOf(const std::string& grantId) {
  if (count_ == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(grantId);
  return found == entries_.end() ? nullptr : found->second;
}

std::optional<PlainTokens> UnsavedTokens::newerThan(const Grant& row) {
  const auto entry = entryOf(row.id);
  if (!entry) return std::nullopt;
  const auto& kept = entry->tokens;
  const bool newer = row.consentedAt == kept.grant.consentedAt && row.tokens.issuedAt < kept.fresh.issuedAt;
  return newer ? std::optional(kept.fresh) : std::nullopt;
}

bool UnsavedTokens::retry(const std::string& grantId) {
  const auto entry = entryOf(grantId);
  return !entry || attemptKept(grantId, entry) != StoreOutcome::Away;
}

bool UnsavedTokens::retryAll() {
  std::vector<std::pair<std::string, std::shared_ptr<Entry>>> kept;
  {
    const std::lock_guard lock(mutex_);
    kept.assign(entries_.begin(), entries_.end());
  }
  bool all = true;
  for (const auto& [id, entry] : kept) all = attemptKept(id, entry) != StoreOutcome::Away && all;
  return all;
}

StoreOutcome UnsavedTokens::attemptKept(const std::string& grantId, const std::shared_ptr<Entry>& entry) {
  const std::lock_guard storing(entry->storing);
  const auto outcome = attempt(entry->tokens);
  if (outcome == StoreOutcome::Away) return outcome;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(grantId);
  if (found != entries_.end() && found->second == entry) {
    entries_.erase(found);
    log_.write(LogLevel::Info, "rotated_tokens_stored", {{"grant", grantId}});
  }
  count_ = static_cast<int>(entries_.size());
  return outcome;
}

StoreOutcome UnsavedTokens::attempt(RefreshedTokens& tokens) {
  for (bool again = true; again;) {
    again = false;
    const auto sealed = sealTokens(vault_, tokens.grant, tokens.fresh);
    if (!sealed) return StoreOutcome::Away;
    const auto written = storage_.replaceTokens(tokens.grant.id, tokens.grant.version, *sealed);
    if (written) return StoreOutcome::Stored;
    switch (written.error().kind) {
      case ErrorKind::NotFound: {
        revoke_.discard(tokens.grant.provider, tokens.grant.profile, tokens.grant.subject,
                        {tokens.fresh.access, tokens.fresh.refresh, tokens.fresh.carry});
        return StoreOutcome::Revoked;
      }
      case ErrorKind::Conflict: {
        const auto outcome = reconcile(tokens, again);
        if (!again) return outcome;
        break;
      }
      default:
        return StoreOutcome::Away;
    }
  }
  return StoreOutcome::Away;
}

// The row was written since the lease was taken; the fresh pair still belongs into it
// - when key rotation sealed the spent pair anew, and
// - when an earlier holder came back after its lease was over: of two answers that a provider with a period
// of grace gave,
//   the one asked for under the later lease is the living one.
// A pair that is ours means that the answer to an earlier write was lost.
StoreOutcome UnsavedTokens::reconcile(RefreshedTokens& tokens, bool& again) {
  const auto row = storage_.findGrantById(tokens.grant.id);
  if (!row) return StoreOutcome::Away;
  again = true;
  if (!*row) return StoreOutcome::Revoked;  // the next write says so
  const auto stored = openTokens(vault_, **row);
  if (stored && stored->access == tokens.fresh.access && stored->refresh == tokens.fresh.refresh) {
    again = false;
    return StoreOutcome::Stored;
  }
  const bool resealed =
      stored && stored->refresh == tokens.spent.refresh && stored->access == tokens.spent.access;
  const bool latestLease =
      (*row)->fence == tokens.grant.fence && (*row)->consentedAt == tokens.grant.consentedAt;
  if (!resealed && !latestLease) {
    again = false;
    return StoreOutcome::Superseded;
  }
  tokens.grant.version = (*row)->version;
  return StoreOutcome::Away;
}

void UnsavedTokens::keepTrying() {
  constexpr milliseconds kShortest{100};
  constexpr milliseconds kLongest{5'000};
  auto pause = kShortest;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (entries_.empty()) {
      pause = kShortest;
      changed_.wait(lock, [&] { return ending_ || !entries_.empty(); });
      continue;
    }
    if (changed_.wait_for(lock, pause, [&] { return ending_; })) return;
    lock.unlock();
    retryAll();
    lock.lock();
    pause = std::min(pause * 2, kLongest);
  }
}

}  // namespace agw
