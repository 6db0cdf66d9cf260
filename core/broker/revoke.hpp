#pragma once

#include <mutex>
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
  /// so that a crash does not forget them, then tried once. `subject`: whose they are; where a revocation
  /// would end that account's other, stored grants too, the tokens are only forgotten. Empty: not known, so
  /// it may be the account whose grant is stored there.
  void discard(const std::string& provider, const std::string& profile, const std::string& subject,
               const RevokeRequest& tokens);

  /// The row that tells the provider about the end of a grant, for whoever deletes the grant and queues the
  /// row in one write.
  [[nodiscard]] Result<PendingRevocation> prepare(const Grant& grant, const std::string& requestId);
  /// The same about an installation whose tokens the provider makes.
  [[nodiscard]] Result<PendingRevocation> prepareUninstall(const Installation& installation);
  /// Tries the provider once with a row that is queued: done, the row goes; otherwise it stays for later.
  RevokeOutcome tell(const PendingRevocation& pending);

  /// One round over the queue; failures are pushed back, at most to an hour.
  Result<void> retryPending();

 private:
  Result<RevokeOutcome> attempt(const PendingRevocation& pending);
  Result<PendingRevocation> makePending(const std::string& provider, const std::string& profile,
                                        const std::string& subject, const RevokeRequest& tokens);
  void queueForgotten();

  Parts parts_;
  std::mutex mutex_;
  /// Discarded tokens that neither the store nor the provider took yet.
  std::vector<PendingRevocation> unqueued_;
};

}  // namespace agw
