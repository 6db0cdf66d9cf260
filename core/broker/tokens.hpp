#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/read_stamps.hpp"
#include "broker/revoke.hpp"
#include "broker/settings.hpp"
#include "crypto/vault.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

struct TokenRequest {
  std::string provider;
  std::string profile;  ///< canonical
  std::optional<std::chrono::seconds> minTtl;
  Scopes scopes;  ///< that the grant must have; empty: any
  bool forceRefresh = false;
  std::string requestId;
};

/// A living token.
struct TokenAnswer {
  Secret accessToken;
  std::string tokenType = "Bearer";
  std::optional<TimePoint> expiresAt;     ///< absent: no end
  std::optional<TimePoint> refreshAfter;  ///< when asking again is worth it
  Scopes scopes;
  bool degraded = false;  ///< renewal is due and the provider is not answering
};

/// The token engine. Its laws, numbered as in docs/architecture.md:
/// 1 never an expired token, never another owner's; 2 a read does not wait while a token with enough life is
/// there; 3 a refresh token is spent once, across threads and replicas; 4 a rotated token is not lost; 5 a
/// dead grant is read again first; 6 what an answer omits stays; 7 an unknown error is temporary; 8 revoke
/// wins.
///
/// A good enough token is served from a copy of its row in memory where there is one (`GrantCache`); every
/// other answer, and whatever a renewal begins with, comes from the row itself.
///
/// One object a process; safe to call from many threads.
class TokenService {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
    BrokerSettings settings;
    Pause pause{};  ///< between looks at another replica's refresh; empty: really waits
    Metrics& metrics = noMetrics();
    ReadStamps* reads = nullptr;  ///< where reads of `proactive: active` entries are noted; null: nowhere
  };
  explicit TokenService(Parts parts);
  ~TokenService();

  /// A token that lives for `minTtl` more. Renews it before answering when it must; starts a renewal behind
  /// the answer when that is merely due. Errors, by code: `not_authenticated` (NotFound), `refresh_failed`
  /// (GrantDead), `missing_scopes` (GrantDead, with `granted` and `missing`), `unknown_provider`,
  /// `provider_not_configured`, `provider_unavailable`, `provider_error`, `provider_misconfigured`,
  /// `integrity_error`, `unavailable`.
  [[nodiscard]] Result<TokenAnswer> token(const TokenRequest& request);

  /// Renews a grant on threads that nobody waits for, at its provider's pace. False when its provider cannot
  /// be used, there is no room, or it waits there already: nothing happened.
  bool renewBehind(const Grant& seen);
  /// How many more of this provider's grants `renewBehind` takes; none while the provider is kept away from.
  [[nodiscard]] std::size_t renewalRoom(const Provider& provider);

  /// Waits until no refresh is under way, at most `limit`: part of an orderly end. True when none is left.
  bool drain(std::chrono::milliseconds limit);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace agw
