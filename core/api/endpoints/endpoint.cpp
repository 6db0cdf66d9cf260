#include "api/endpoints/endpoint.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "api/pages/pages.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxScopes = 100;
constexpr std::size_t kMaxScopeLength = 512;

/// RFC 6749 section 3.3.
bool isScopeToken(const std::string& text) {
  return !text.empty() && text.size() <= kMaxScopeLength && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '\\';
  });
}

Error scopesFault(const char* field) {
  return fieldFault(
      field,
      std::string("'") + field +
          "' must be 1 to 100 scope names, each of visible ASCII characters without quotes and backslashes; "
          "leave it out for the provider's own.",
      "invalid_scope");
}

Result<Scopes> checkedScopes(Scopes scopes, const char* field) {
  const bool fit = scopes.size() <= kMaxScopes && std::all_of(scopes.begin(), scopes.end(), isScopeToken);
  return fit ? Result<Scopes>(std::move(scopes)) : Result<Scopes>(scopesFault(field));
}

Result<Response> withinLimits(Gateway& gateway, CallerEndpoint endpoint, const Request& request,
                              const Caller& caller) {
  if (auto within = gateway.limits.request(caller.keyId); !within) return std::move(within).error();
  const auto place = gateway.limits.place(caller.keyId);
  if (!place) return place.error();
  return endpoint(gateway, request, caller);
}

Response told(Gateway& gateway, const Request& request, const Error& error) {
  auto response = errorResponse(error, request.requestId);
  if (isMediaTypeFault(error)) response.status = 415;
  // What has nothing to add to its word stands in the access log; under overload there are thousands a
  // second.
  if (response.status >= 500 && !error.detail.empty()) {
    gateway.parts.log.write(LogLevel::Warning, "request_failed",
                            {{"request_id", request.requestId},
                             {"error", errorCode(error)},
                             {"kind", toString(error.kind)},
                             {"detail", error.detail}});
  }
  return response;
}

}  // namespace

std::vector<Route> makeRoutes(ApplicationParts parts) {
  const auto gateway = std::make_shared<Gateway>(std::move(parts));
  std::vector<Route> routes;
  addTokenRoutes(routes, gateway);  // first: the hot path is found first
  addConsentRoutes(routes, gateway);
  addDeviceRoutes(routes, gateway);
  addCallbackRoutes(routes, gateway);
  addGrantRoutes(routes, gateway);
  addImportRoutes(routes, gateway);
  addInstallationTokenRoutes(routes, gateway);
  addInstallRoutes(routes, gateway);
  addInstallationRoutes(routes, gateway);
  addWebhookRoutes(routes, gateway);
  addServiceRoutes(routes, gateway);
  return routes;
}

Handler openEndpoint(SharedGateway gateway, OpenEndpoint endpoint) {
  return [gateway = std::move(gateway), endpoint](const Request& request) {
    if (auto within = gateway->limits.stranger(request.peer); !within)
      return told(*gateway, request, within.error());
    auto response = endpoint(*gateway, request);
    return response ? std::move(*response) : told(*gateway, request, response.error());
  };
}

Response answerCaller(Gateway& gateway, const Request& request, CallerEndpoint endpoint) {
  return answerCaller(gateway, request, endpoint,
                      [&](const Error& error) { return told(gateway, request, error); });
}

Response answerCaller(Gateway& gateway, const Request& request, CallerEndpoint endpoint,
                      const Refusal& refusal) {
  const auto caller = gateway.auth.authenticate(request);
  if (!caller) return refusal(caller.error());
  auto result = withinLimits(gateway, endpoint, request, *caller);
  auto response = result ? std::move(*result) : refusal(result.error());
  response.keyId = caller->keyId;
  return response;
}

Handler callerEndpoint(SharedGateway gateway, CallerEndpoint endpoint) {
  return [gateway = std::move(gateway), endpoint](const Request& request) {
    return answerCaller(*gateway, request, endpoint);
  };
}

Response jsonResponse(const boost::json::object& body, int status) {
  Response response;
  response.status = status;
  response.body = boost::json::serialize(body);
  return response;
}

Response htmlResponse(std::string body, int status) {
  Response response;
  response.status = status;
  response.contentType = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy", pages::contentSecurityPolicy());
  response.body = std::move(body);
  return response;
}

Result<std::string> readEmail(const std::string& text) {
  auto email = canonicalEmail(text);
  if (email) return std::move(*email);
  return fieldFault("user_email",
                    "'user_email' must be an address like alice@company.com, at most 254 characters long.",
                    "invalid_email");
}

Result<Subject> permittedSubject(const std::string& provider, const std::string& email, const Caller& caller,
                                 Operation operation) {
  auto owner = readEmail(email);
  if (!owner) return std::move(owner).error();
  if (auto permitted = caller.may(operation, provider, *owner); !permitted)
    return std::move(permitted).error();
  return Subject{provider, std::move(*owner)};
}

Result<Subject> permittedSubject(const JsonBody& body, const Caller& caller, Operation operation) {
  auto provider = body.text("provider");
  if (!provider) return std::move(provider).error();
  auto email = body.text("user_email");
  if (!email) return std::move(email).error();
  return permittedSubject(*provider, *email, caller, operation);
}

Result<Scopes> readScopes(const JsonBody& body) {
  auto scopes = body.optionalTexts("scopes");
  if (!scopes) return std::move(scopes).error();
  if (!*scopes) return Scopes{};
  if ((*scopes)->empty()) return scopesFault("scopes");
  return checkedScopes(std::move(**scopes), "scopes");
}

Result<Scopes> readScopes(const std::string& list) {
  Scopes scopes;
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(' ', at), list.size());
    scopes.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return checkedScopes(std::move(scopes), "scope");
}

}  // namespace agw::api
