#pragma once

#include <string>
#include <string_view>

#include "api/rate_limiter.hpp"
#include "api/shares.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"

namespace agw::api {

/// Requests a minute; 0: no limit.
struct LimitSettings {
  int perPeer = 0;  ///< of one network without a valid key: browser endpoints, wrong keys
  int perKey = 0;
  int consents = 0;  ///< links and device codes that one key may have made
  int perGrant = 0;  ///< of those for one user at one provider; as many renewals by force
  int places = 0;    ///< not a minute: requests of all keys that may be under way at a time
};

/// Whose grant of which provider a request is about.
struct Subject {
  std::string provider;
  std::string owner;  ///< canonical e-mail
};

/// The rate limits of the gateway. Each refusal is `RateLimited` with the time to wait, and is counted. Safe
/// to call from many threads.
class Limits {
 public:
  Limits(const LimitSettings& settings, const Clock& clock, Metrics& metrics);

  /// `peer`: a client's address as `Request::peer` has it. IPv6 counts by /64, which one customer usually
  /// has.
  [[nodiscard]] Result<void> stranger(const std::string& peer);
  [[nodiscard]] Result<void> request(std::string_view keyId);
  [[nodiscard]] Result<void> consent(std::string_view keyId);
  /// The same for a user. Whose grant it is stands in the body, so the caller's permission is checked before,
  /// and the key's own limit, which other names do not widen, here.
  [[nodiscard]] Result<void> consent(std::string_view keyId, const Subject& subject);
  /// A renewal that a permitted caller demands whatever the token's life.
  [[nodiscard]] Result<void> renewal(const Subject& subject);
  /// A place among the requests under way, held until it ends. `Transient` (`overloaded()`) when the key has
  /// too many of them already.
  [[nodiscard]] Result<Shares::Place> place(const std::string& keyId);

 private:
  struct Limit {
    RateLimiter limiter;
    Counter& refused;
    [[nodiscard]] Result<void> take(std::string_view who);
  };
  Limit peers_;
  Limit keys_;
  Limit consents_;
  Limit grantConsents_;
  Limit grantRenewals_;
  Shares shares_;
  Counter& crowded_;
};

}  // namespace agw::api
