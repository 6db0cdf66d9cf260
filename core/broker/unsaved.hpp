#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "crypto/vault.hpp"
#include "storage/storage.hpp"

namespace agw {

/// What a provider answered to a refresh, on its way into storage.
struct RefreshedTokens {
  Grant grant;        ///< as it was when the lease was taken
  PlainTokens spent;  ///< what the provider was asked with
  PlainTokens fresh;
};

enum class StoreOutcome {
  Stored,
  Superseded,  ///< somebody stored other tokens meanwhile: read again
  Revoked,     ///< the grant is gone: the fresh tokens were handed to `RevokeService::discard`
  Away,        ///< the store is not reachable
};

/// Brings rotated tokens into storage, come what may. While the store is away they stay here in memory, the
/// grant counts as busy, and storing is tried again and again: by a thread of its own and by everybody who
/// asks. Safe to call from many threads.
class UnsavedTokens {
 public:
  UnsavedTokens(Storage& storage, const Vault& vault, RevokeService& revoke, Log& log);
  ~UnsavedTokens();
  UnsavedTokens(const UnsavedTokens&) = delete;
  UnsavedTokens& operator=(const UnsavedTokens&) = delete;

  /// Stores `tokens`; with `Away` they are kept here.
  StoreOutcome store(RefreshedTokens tokens);
  /// The tokens kept for the grant of `row`, when they are newer than the row's. Never waits for the store.
  [[nodiscard]] std::optional<PlainTokens> newerThan(const Grant& row);
  /// One more try for one grant. True when nothing is kept for it (any more).
  bool retry(const std::string& grantId);
  /// One more try for all. True when nothing is left.
  bool retryAll();

 private:
  struct Entry {
    std::mutex storing;      // one attempt at a time
    RefreshedTokens tokens;  // an attempt changes grant.version, nothing else
  };
  std::shared_ptr<Entry> entryOf(const std::string& grantId);
  StoreOutcome attempt(RefreshedTokens& tokens);
  StoreOutcome reconcile(RefreshedTokens& tokens, bool& again);
  StoreOutcome attemptKept(const std::string& grantId, const std::shared_ptr<Entry>& entry);
  void keepTrying();

  Storage& storage_;
  const Vault& vault_;
  RevokeService& revoke_;
  Log& log_;
  std::atomic<int> count_{0};  // spares readers the lock while nothing is kept
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  bool ending_ = false;
  std::thread thread_;  // started with the first entry
};

}  // namespace agw
