#include "broker/plugin_host.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "broker/jwks_cache.hpp"
#include "crypto/hash.hpp"
#include "crypto/jose.hpp"

namespace agw {
namespace {

class PluginHost final : public HostServices {
 public:
  PluginHost(HttpClient& http, const Clock& clock, Log& log, Metrics& metrics)
      : http_(http), clock_(clock), log_(log), metrics_(metrics), keys_(http, clock) {}

  Result<HttpResponse> send(const HttpRequest& request) override { return http_.send(request); }

  Result<boost::json::object> verifyIdToken(const Secret& token, const IdTokenCheck& check) override {
    const IdTokenExpectation expected{.issuers = check.issuers,
                                      .audience = check.audience,
                                      .nonce = check.nonce,
                                      .securityEvent = check.securityEvent};
    const auto keys = keys_.get(check.jwksUrl, check.allowPrivate);
    if (!keys) return keys.error();
    auto claims = agw::verifyIdToken(token.reveal(), **keys, expected, clock_.now());
    if (claims || claims.error().kind != ErrorKind::NotFound) return claims;

    log_.write(LogLevel::Info, "jwks_key_unknown", {{"url", check.jwksUrl}});
    const auto renewed = keys_.renew(check.jwksUrl, check.allowPrivate);
    if (!renewed) return renewed.error();
    claims = agw::verifyIdToken(token.reveal(), **renewed, expected, clock_.now());
    if (claims || claims.error().kind != ErrorKind::NotFound) return claims;
    return Error{.kind = ErrorKind::Malformed,
                 .message = "The id_token is signed with a key that is not published."};
  }

  Result<Secret> signJwt(const Secret& privateKey, const boost::json::object& claims) override {
    return signRs256(claims, privateKey);
  }

  std::string hmacSha256(std::string_view key, std::string_view message) override {
    return hexEncode(agw::hmacSha256(key, message));
  }

  TimePoint now() override { return clock_.now(); }
  Metrics& metrics() override { return metrics_; }

 private:
  HttpClient& http_;
  const Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  JwksCache keys_;
};

}  // namespace

std::unique_ptr<HostServices> makeHostServices(HttpClient& http, const Clock& clock, Log& log,
                                               Metrics& metrics) {
  return std::make_unique<PluginHost>(http, clock, log, metrics);
}

}  // namespace agw
