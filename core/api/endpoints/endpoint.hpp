#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>

#include "api/application.hpp"
#include "api/caller_auth.hpp"
#include "api/json_body.hpp"

namespace agw::api {

/// What all endpoints share. Safe to call from many threads.
struct Gateway {
  explicit Gateway(ApplicationParts given)
      : parts(std::move(given)),
        limits(parts.settings.limits, parts.clock, parts.metrics),
        auth(parts.settings.rootKey, parts.storage, parts.clock, parts.log, limits, parts.metrics) {}

  ApplicationParts parts;
  Limits limits;
  CallerAuth auth;
};
using SharedGateway = std::shared_ptr<Gateway>;

using OpenEndpoint = Result<Response> (*)(Gateway&, const Request&);
using CallerEndpoint = Result<Response> (*)(Gateway&, const Request&, const Caller&);

/// An endpoint without a key, within the limit of its peer. Errors become the contract's answers; those that
/// concern an operator are logged.
[[nodiscard]] Handler openEndpoint(SharedGateway gateway, OpenEndpoint endpoint);
/// An endpoint for callers: the key is checked before anything else is looked at.
[[nodiscard]] Handler callerEndpoint(SharedGateway gateway, CallerEndpoint endpoint);

/// What `callerEndpoint` does with a request, for endpoints that do it with some of theirs.
[[nodiscard]] Response answerCaller(Gateway& gateway, const Request& request, CallerEndpoint endpoint);
/// The same where errors are answered in other words than the contract's.
using Refusal = std::function<Response(const Error&)>;
[[nodiscard]] Response answerCaller(Gateway& gateway, const Request& request, CallerEndpoint endpoint,
                                    const Refusal& refusal);

[[nodiscard]] Response jsonResponse(const boost::json::object& body, int status = 200);
[[nodiscard]] Response htmlResponse(std::string body, int status = 200);

/// `provider` and `user_email` of a body, and whether the caller may do `operation` there: looked at before
/// anything that could tell whether such a provider or grant exists.
[[nodiscard]] Result<Subject> permittedSubject(const JsonBody& body, const Caller& caller,
                                               Operation operation);
[[nodiscard]] Result<Subject> permittedSubject(const std::string& provider, const std::string& email,
                                               const Caller& caller, Operation operation);
/// `InvalidRequest` (`invalid_email`).
[[nodiscard]] Result<std::string> readEmail(const std::string& text);
/// `scopes`: absent, or 1 to 100 scope-tokens of RFC 6749 section 3.3. Empty: absent.
[[nodiscard]] Result<Scopes> readScopes(const JsonBody& body);
/// The same of a list with spaces (RFC 6749 section 3.3).
[[nodiscard]] Result<Scopes> readScopes(const std::string& list);

// The families, each in the order of the documentation.
void addConsentRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addDeviceRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addCallbackRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addTokenRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addGrantRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addImportRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addInstallRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addInstallationRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addInstallationTokenRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addWebhookRoutes(std::vector<Route>& routes, const SharedGateway& gateway);
void addServiceRoutes(std::vector<Route>& routes, const SharedGateway& gateway);

}  // namespace agw::api
