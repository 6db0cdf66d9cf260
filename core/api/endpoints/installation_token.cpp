#include "api/endpoints/consent_hint.hpp"
#include "api/endpoints/endpoint.hpp"
#include "api/endpoints/fields.hpp"
#include "api/endpoints/standard_form.hpp"
#include "api/endpoints/token_json.hpp"
#include "api/endpoints/token_response.hpp"

namespace agw::api {
namespace {

/// A token that a standard caller asks for: a user's, or an organisation's.
struct Wish {
  std::optional<TokenRequest> user;
  InstallationTokenRequest installation;
};

Error oneOwner() {
  return fieldFault("org_id", "Say one of 'user_email', 'org_id' and 'installation_id'.");
}

std::optional<std::chrono::seconds> seconds(const std::optional<std::int64_t>& number) {
  if (!number) return std::nullopt;
  return std::chrono::seconds(*number);
}

Result<InstallationTokenRequest> readQuery(const Request& request) {
  const auto& query = request.query;
  if (auto fault =
          onlyKnown(query, {"org_id", "installation_id", "min_ttl", "kind", "repositories", "permissions"}))
    return std::move(*fault);
  InstallationTokenRequest wanted;
  wanted.requestId = request.requestId;
  wanted.address.provider = request.pathParameters.at("platform");
  auto organisation = optionalId(query, "org_id");
  if (!organisation) return std::move(organisation).error();
  auto installation = optionalId(query, "installation_id");
  if (!installation) return std::move(installation).error();
  if (!organisation->empty() && !installation->empty()) return oneOwner();
  wanted.address.orgId = std::move(*organisation);
  wanted.address.installationId = std::move(*installation);
  auto kind = optionalId(query, "kind");
  if (!kind) return std::move(kind).error();
  wanted.kind = std::move(*kind);
  const auto life = optionalInteger(query, "min_ttl", 0, kMaxTtlSeconds);
  if (!life) return life.error();
  wanted.minTtl = seconds(*life);
  auto repositories = readRepositories(query);
  if (!repositories) return std::move(repositories).error();
  wanted.repositories = std::move(*repositories);
  auto permissions = readPermissions(query);
  if (!permissions) return std::move(permissions).error();
  wanted.permissions = std::move(*permissions);
  return wanted;
}

/// GET: the gateway's own form.
Result<Response> token(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto wanted = readQuery(request);
  if (!wanted) return wanted.error();
  const auto answer = gateway.parts.installationTokens.token(*wanted, caller);
  if (!answer) {
    if (curedByConsent(answer.error())) return refusal(gateway, *wanted, answer.error(), caller);
    return answer.error();
  }
  auto body = tokenJson(answer->token);
  body["installation_id"] = answer->installationId;
  body["org_id"] = answer->orgId;
  return tokenResponse(gateway, request, body);
}

Result<Wish> userWish(const std::string& provider, const std::string& email, const Caller& caller) {
  auto subject = permittedSubject(provider, email, caller, Operation::Token);
  if (!subject) return std::move(subject).error();
  Wish wish;
  wish.user.emplace();
  wish.user->provider = std::move(subject->provider);
  wish.user->profile = std::move(subject->owner);
  return wish;
}

Result<Wish> readBody(const JsonBody& body, const Caller& caller) {
  auto provider = body.text("provider");
  if (!provider) return std::move(provider).error();
  const auto email = body.optionalText("user_email");
  if (!email) return email.error();
  auto organisation = optionalId(body, "org_id");
  if (!organisation) return std::move(organisation).error();
  auto installation = optionalId(body, "installation_id");
  if (!installation) return std::move(installation).error();
  const int owners = (*email ? 1 : 0) + (organisation->empty() ? 0 : 1) + (installation->empty() ? 0 : 1);
  if (owners > 1) return oneOwner();
  auto kind = optionalId(body, "kind");
  if (!kind) return std::move(kind).error();
  if (*email) {
    if (!kind->empty()) return fieldFault("kind", "A user's token has no kind: leave 'kind' out.");
    return userWish(*provider, **email, caller);
  }
  Wish wish;
  wish.installation.address = {std::move(*provider), std::move(*organisation), std::move(*installation)};
  wish.installation.kind = std::move(*kind);
  return wish;
}

Result<Wish> readTokenBody(const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "org_id", "installation_id", "kind",
                                             "min_ttl", "scopes", "repositories", "permissions"});
  if (!body) return body.error();
  auto wish = readBody(*body, caller);
  if (!wish) return wish;
  const auto life = body->optionalInteger("min_ttl", 0, kMaxTtlSeconds);
  if (!life) return life.error();
  auto scopes = readScopes(*body);
  if (!scopes) return std::move(scopes).error();
  auto repositories = readRepositories(*body);
  if (!repositories) return std::move(repositories).error();
  auto permissions = readPermissions(*body);
  if (!permissions) return std::move(permissions).error();
  if (wish->user) {
    if (!repositories->empty() || !permissions->empty())
      return fieldFault("repositories", "A user's token cannot be narrowed.");
    wish->user->minTtl = seconds(*life);
    wish->user->scopes = std::move(*scopes);
    return wish;
  }
  wish->installation.minTtl = seconds(*life);
  wish->installation.scopes = std::move(*scopes);
  wish->installation.repositories = std::move(*repositories);
  wish->installation.permissions = std::move(*permissions);
  return wish;
}

Result<Wish> wishOf(TokenExchange exchange, const Caller& caller) {
  if (exchange.kind == TokenExchange::Subject::User) {
    auto wish = userWish(exchange.provider, exchange.subject, caller);
    if (wish) wish->user->scopes = std::move(exchange.scopes);
    return wish;
  }
  Wish wish;
  const bool byOrganisation = exchange.kind == TokenExchange::Subject::Organisation;
  auto& address = wish.installation.address;
  address.provider = std::move(exchange.provider);
  (byOrganisation ? address.orgId : address.installationId) = std::move(exchange.subject);
  wish.installation.scopes = std::move(exchange.scopes);
  return wish;
}

/// The token in the form of RFC 6749.
Result<boost::json::object> fetch(Gateway& gateway, Wish& wish, const Caller& caller,
                                  const std::string& requestId) {
  if (wish.user) {
    wish.user->requestId = requestId;
    const auto answer = gateway.parts.tokens.token(*wish.user);
    if (!answer) return answer.error();
    return standardTokenJson(*answer, gateway.parts.clock.now());
  }
  wish.installation.requestId = requestId;
  const auto answer = gateway.parts.installationTokens.token(wish.installation, caller);
  if (!answer) return answer.error();
  auto body = standardTokenJson(answer->token, gateway.parts.clock.now());
  body["installation_id"] = answer->installationId;
  body["org_id"] = answer->orgId;
  return body;
}

Result<Response> answerInJson(Gateway& gateway, Wish wish, const Caller& caller,
                              const std::string& requestId) {
  auto body = fetch(gateway, wish, caller, requestId);
  if (body) return jsonResponse(*body);
  if (!curedByConsent(body.error())) return std::move(body).error();
  if (wish.user) return refusal(gateway, *wish.user, body.error(), caller);
  return refusal(gateway, wish.installation, body.error(), caller);
}

Result<Response> exchangeToken(Gateway& gateway, const Request& request, const Caller& caller) {
  auto exchange = readExchange(request);
  if (!exchange) return std::move(exchange).error();
  auto wish = wishOf(std::move(*exchange), caller);
  if (!wish) return std::move(wish).error();
  const auto body = fetch(gateway, *wish, caller, request.requestId);
  if (body) return jsonResponse(*body);
  std::optional<ConsentHint> hint;
  if (curedByConsent(body.error()) && !body.error().facts.contains("status")) {
    hint = wish->user ? hintFor(gateway, *wish->user, body.error(), caller)
                      : hintFor(gateway, wish->installation, caller);
  }
  return standardError(body.error(), request, hint);
}

Result<Response> tokenByJson(Gateway& gateway, const Request& request, const Caller& caller) {
  auto wish = readTokenBody(request, caller);
  if (!wish) return std::move(wish).error();
  return answerInJson(gateway, std::move(*wish), caller, request.requestId);
}

/// By JSON with a key, or by form as a stock OAuth library sends it.
Handler standardToken(SharedGateway gateway) {
  return [gateway = std::move(gateway)](const Request& request) {
    if (!isForm(request)) return answerCaller(*gateway, request, tokenByJson);
    const auto told = [&](const Error& error) { return standardError(error, request, {}); };
    const auto keyed = withKeyOfClient(request);
    return keyed ? answerCaller(*gateway, *keyed, exchangeToken, told) : told(keyed.error());
  };
}

Result<Response> refresh(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "org_id", "installation_id", "kind"});
  if (!body) return body.error();
  auto wish = readBody(*body, caller);
  if (!wish) return std::move(wish).error();
  if (wish->user) {
    if (auto within = gateway.limits.renewal({wish->user->provider, wish->user->profile}); !within)
      return std::move(within).error();
    wish->user->forceRefresh = true;
  }
  wish->installation.forceRefresh = true;
  return answerInJson(gateway, std::move(*wish), caller, request.requestId);
}

}  // namespace

void addInstallationTokenRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"GET", "/oauth/token/{platform}", callerEndpoint(gateway, token)});
  routes.push_back({"POST", "/oauth/token", standardToken(gateway)});
  routes.push_back({"POST", "/oauth/refresh", callerEndpoint(gateway, refresh)});
}

}  // namespace agw::api
