#include <algorithm>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {
namespace {

constexpr std::int64_t kMaxTtlSeconds = 86'400;

boost::json::array texts(const Scopes& scopes) {
  boost::json::array array;
  array.reserve(scopes.size());
  for (const auto& scope : scopes) array.emplace_back(scope);
  return array;
}

boost::json::value time(const std::optional<TimePoint>& point) {
  if (!point) return nullptr;
  return boost::json::value(toRfc3339(*point));
}

bool curedByConsent(const Error& error) {
  const auto code = errorCode(error);
  return code == "not_authenticated" || code == "refresh_failed" || code == "missing_scopes";
}

/// A new consent replaces the grant: what it has already is asked for again beside what is missing.
Scopes scopesToAsk(const Error& error, const Scopes& asked) {
  Scopes scopes;
  if (const auto granted = error.facts.find("granted"); granted != error.facts.end())
    scopes = granted->second;
  for (const auto& scope : asked) {
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  }
  return scopes;
}

/// The link that cures the error, where this caller may have one made.
std::optional<ConsentHint> hintFor(Gateway& gateway, const TokenRequest& request, const Error& error,
                                   const Caller& caller) {
  if (!caller.may(Operation::Consent, request.provider, request.profile)) return std::nullopt;
  const ConsentRequest wanted{.provider = request.provider,
                              .profile = request.profile,
                              .scopes = scopesToAsk(error, request.scopes),
                              .redirectAfter = {},
                              .requestId = request.requestId};
  if (const auto open = gateway.parts.consent.openLink(wanted, caller))
    return ConsentHint{open->authUrl, open->sessionId, open->expiresAt};
  if (!gateway.limits.consent(caller.keyId)) return std::nullopt;
  const auto link = gateway.parts.consent.begin(wanted, caller);
  if (!link) {
    gateway.parts.log.write(LogLevel::Warning, "consent_link_not_made",
                            {{"request_id", request.requestId}, {"error", errorCode(link.error())}});
    return std::nullopt;
  }
  return ConsentHint{link->authUrl, link->sessionId, link->expiresAt};
}

Response refusal(Gateway& gateway, const TokenRequest& request, Error error, const Caller& caller) {
  if (errorCode(error) == "not_authenticated") {
    error.message = "No credentials found for " + request.profile + ". Please authenticate.";
  }
  return errorResponse(error, request.requestId, hintFor(gateway, request, error, caller));
}

Result<TokenRequest> readRequest(const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "min_ttl", "scopes", "force_refresh"});
  if (!body) return body.error();
  auto subject = permittedSubject(*body, caller, Operation::Token);
  if (!subject) return std::move(subject).error();
  const auto minTtl = body->optionalInteger("min_ttl", 0, kMaxTtlSeconds);
  if (!minTtl) return minTtl.error();
  auto scopes = readScopes(*body);
  if (!scopes) return std::move(scopes).error();
  const auto force = body->flag("force_refresh");
  if (!force) return force.error();
  TokenRequest wanted{.provider = std::move(subject->provider),
                      .profile = std::move(subject->owner),
                      .minTtl = std::nullopt,
                      .scopes = std::move(*scopes),
                      .forceRefresh = *force,
                      .requestId = request.requestId};
  if (*minTtl) wanted.minTtl = std::chrono::seconds(**minTtl);
  return wanted;
}

Result<Response> token(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto wanted = readRequest(request, caller);
  if (!wanted) return wanted.error();
  const auto answer = gateway.parts.tokens.token(*wanted);
  if (!answer) {
    if (curedByConsent(answer.error())) return refusal(gateway, *wanted, answer.error(), caller);
    return answer.error();
  }
  boost::json::object body{{"access_token", answer->accessToken.reveal()},
                           {"token_type", answer->tokenType},
                           {"expires_at", time(answer->expiresAt)},
                           {"scopes", texts(answer->scopes)},
                           {"refresh_after", time(answer->refreshAfter)}};
  if (answer->degraded) body["degraded"] = true;
  return jsonResponse(body);
}

}  // namespace

void addTokenRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/auth/token", callerEndpoint(gateway, token)});
}

}  // namespace agw::api
