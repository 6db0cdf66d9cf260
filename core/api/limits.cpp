#include "api/limits.hpp"

#include "api/edge/peers.hpp"
#include "api/http.hpp"

namespace agw::api {
namespace {

Counter& refusals(Metrics& metrics, const char* limit) {
  return metrics.counter("auth_gateway_rate_limited_total", "Requests refused by a rate limit.",
                         {{"limit", limit}});
}

}  // namespace

Limits::Limits(const LimitSettings& settings, const Clock& clock, Metrics& metrics)
    : peers_{{settings.perPeer, clock}, refusals(metrics, "peer")},
      keys_{{settings.perKey, clock}, refusals(metrics, "key")},
      consents_{{settings.consents, clock}, refusals(metrics, "consents")},
      grantConsents_{{settings.perGrant, clock}, refusals(metrics, "grant")},
      grantRenewals_{{settings.perGrant, clock}, refusals(metrics, "grant")},
      shares_(settings.places),
      crowded_(metrics.counter("auth_gateway_overload_refusals_total",
                               "Requests that were told to come back because there was too much to do.",
                               {{"reason", "share"}})) {}

Result<void> Limits::Limit::take(std::string_view who) {
  const auto wait = limiter.take(who);
  if (!wait) return {};
  refused.increment();
  return Error{.kind = ErrorKind::RateLimited,
               .message = "Too many requests. Wait as long as Retry-After says.",
               .retryAfter = *wait};
}

Result<void> Limits::stranger(const std::string& peer) {
  const auto address = PeerAddress::parse(peer);
  return peers_.take(address ? address->group() : peer);
}

Result<void> Limits::request(std::string_view keyId) {
  return keys_.take(keyId);
}

Result<void> Limits::consent(std::string_view keyId) {
  return consents_.take(keyId);
}

Result<void> Limits::consent(std::string_view keyId, const Subject& subject) {
  if (auto within = consent(keyId); !within) return within;
  return grantConsents_.take(subject.provider + '\n' + subject.owner);
}

Result<void> Limits::renewal(const Subject& subject) {
  return grantRenewals_.take(subject.provider + '\n' + subject.owner);
}

Result<Shares::Place> Limits::place(const std::string& keyId) {
  auto place = shares_.enter(keyId);
  if (place) return std::move(*place);
  crowded_.increment();
  return overloaded();
}

}  // namespace agw::api
