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
  int consents = 0;  ///< links that one key may have made
  int places = 0;    ///< not a minute: requests of all keys that may be under way at a time
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
  Shares shares_;
  Counter& crowded_;
};

}  // namespace agw::api
