#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/http_message.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"

namespace agw {

/// What the host does on behalf of a plugin. Given to the loader by the wiring; outlives every provider.
/// Safe to call from many threads.
class HostServices {
 public:
  virtual ~HostServices() = default;
  /// As `HttpClient::send`.
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
  struct IdTokenCheck {
    std::vector<std::string> issuers;
    std::string jwksUrl;
    std::string audience;
    std::string nonce;  ///< empty: not compared
    bool allowPrivate = false;
    bool securityEvent = false;  ///< RFC 8417: `events` must be there; `exp` and `sub` need not
  };
  /// Verifies with the provider's published keys, which are cached; an unknown key id fetches them anew, at
  /// most once in a minute. The claims on success.
  [[nodiscard]] virtual Result<boost::json::object> verifyIdToken(const Secret& token,
                                                                  const IdTokenCheck& check) = 0;
  /// A JWS in compact form, RS256. `BadOption` when `privateKey` is not the PEM of an RSA key.
  [[nodiscard]] virtual Result<Secret> signJwt(const Secret& privateKey,
                                               const boost::json::object& claims) = 0;
  [[nodiscard]] virtual std::string hmacSha256(std::string_view key, std::string_view message) = 0;
  [[nodiscard]] virtual TimePoint now() = 0;
  /// Where calls are counted and timed.
  [[nodiscard]] virtual Metrics& metrics() { return noMetrics(); }
};

}  // namespace agw
