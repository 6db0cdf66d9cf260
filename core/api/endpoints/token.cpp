#include "api/endpoints/consent_hint.hpp"
#include "api/endpoints/token_json.hpp"
#include "api/endpoints/token_response.hpp"

namespace agw::api {
namespace {

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
  if (wanted->forceRefresh) {
    if (auto within = gateway.limits.renewal({wanted->provider, wanted->profile}); !within)
      return std::move(within).error();
  }
  const auto answer = gateway.parts.tokens.token(*wanted);
  if (!answer) {
    if (curedByConsent(answer.error())) return refusal(gateway, *wanted, answer.error(), caller);
    return answer.error();
  }
  return tokenResponse(gateway, request, tokenJson(*answer));
}

}  // namespace

void addTokenRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/auth/token", callerEndpoint(gateway, token)});
}

}  // namespace agw::api
