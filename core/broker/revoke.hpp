#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/vault.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

struct RevokeOutcome {
  bool atProvider = false;
  std::string note;  ///< why not at the provider, for people; empty when done
};

/// Ends grants: here at once, at the provider as soon as it answers. Safe to call from many threads.
class RevokeService {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
  };
  explicit RevokeService(Parts parts);

  /// Deletes the grant and queues the provider's revocation in one write, then tries the provider once.
  /// `NotFound` when there is nothing to revoke.
  [[nodiscard]] Result<RevokeOutcome> revoke(const std::string& provider, const std::string& profile,
                                             const std::string& keyId, const std::string& requestId);

  /// Tokens that must not live and are stored nowhere: of a refused consent, or a late answer. Queued first,
  /// so that a crash does not forget them, then tried once. `subject`: whose they are. Empty: not known; then
  /// it is taken for the account whose grant is stored there. Where a revocation would end other, stored
  /// grants of the account, or could do so because nobody knows the account, the tokens are only forgotten.
  void discard(const std::string& provider, const std::string& profile, const std::string& subject,
               const RevokeRequest& tokens);
  /// The same without asking the provider, which `retryPending` does: for many at once. Returns the row if it
  /// is in the queue.
  std::optional<PendingRevocation> queueDiscarded(const std::string& provider, const std::string& profile,
                                                  const std::string& subject, const RevokeRequest& tokens);

  /// The row that tells the provider about the end of a grant, for whoever deletes the grant and queues the
  /// row in one write.
  [[nodiscard]] Result<PendingRevocation> prepare(const Grant& grant, const std::string& requestId);
  /// The same about an installation whose tokens the provider makes.
  [[nodiscard]] Result<PendingRevocation> prepareUninstall(const Installation& installation);
  /// Tries the provider once with a row that is queued: done, the row goes; otherwise it stays for later.
  RevokeOutcome tell(const PendingRevocation& pending);

  /// One round over the queue; failures are pushed back, at most to an hour. A provider that does not answer
  /// is asked once in a round, so that those of others do not wait for it.
  Result<void> retryPending();
  /// The round under way ends after the call that it is at, and later ones do nothing.
  void endRetries() { ending_ = true; }

 private:
  Result<RevokeOutcome> settle(const PendingRevocation& pending);
  Result<RevokeOutcome> attempt(const PendingRevocation& pending);
  Result<PendingRevocation> makePending(const std::string& provider, const std::string& profile,
                                        const std::string& subject, const RevokeRequest& tokens);
  void queueForgotten();

  Parts parts_;
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  /// Discarded tokens that neither the store nor the provider took yet.
  std::vector<PendingRevocation> unqueued_;
};

}  // namespace agw
