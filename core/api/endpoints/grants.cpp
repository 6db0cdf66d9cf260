#include <algorithm>
#include <boost/json/array.hpp>

#include "api/endpoints/endpoint.hpp"
#include "api/endpoints/fields.hpp"

namespace agw::api {
namespace {

/// Whether the key may see any grant of this owner: decided without looking whether there is one.
Result<void> mayList(const Caller& caller, const std::string& owner) {
  Result<void> refused = caller.may(Operation::List, "", owner);
  for (const auto& provider : caller.permissions.providers) {
    if (caller.may(Operation::List, provider, owner)) return {};
  }
  return refused;
}

boost::json::object described(const Grant& grant) {
  boost::json::array scopes;
  for (const auto& scope : grant.tokens.scopes) scopes.emplace_back(scope);
  boost::json::object line{{"provider", grant.provider},
                           {"scopes", std::move(scopes)},
                           {"authenticated_at", toRfc3339(grant.consentedAt)},
                           {"token_expires_at", nullptr},
                           {"status", grant.status == GrantStatus::Active ? "active" : "needs_consent"}};
  if (grant.tokens.accessExpiresAt) line["token_expires_at"] = toRfc3339(*grant.tokens.accessExpiresAt);
  return line;
}

Result<Response> providersOf(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto owner = readEmail(request.pathParameters.at("user_email"));
  if (!owner) return owner.error();
  if (const auto permitted = mayList(caller, *owner); !permitted) return permitted.error();
  const auto grants = gateway.parts.storage.listGrants(*owner);
  if (!grants) return grants.error();
  boost::json::array lines;
  for (const auto& grant : *grants) {
    if (caller.may(Operation::List, grant.provider, *owner)) lines.push_back(described(grant));
  }
  return jsonResponse({{"user_email", *owner}, {"providers", std::move(lines)}});
}

/// `provider` and `user_email` of the query, where the client cannot send a body with DELETE.
Result<Subject> subjectOfQuery(const Request& request, const Caller& caller) {
  if (auto fault = onlyKnown(request.query, {"provider", "user_email"})) return std::move(*fault);
  for (const char* name : {"provider", "user_email"}) {
    if (!request.query.contains(name) || request.query.at(name).empty()) {
      return fieldFault(name,
                        std::string("'") + name + "' is missing: send it in a JSON body or in the query.");
    }
  }
  return permittedSubject(request.query.at("provider"), request.query.at("user_email"), caller,
                          Operation::Revoke);
}

Result<Subject> subjectToRevoke(const Request& request, const Caller& caller) {
  if (request.body.empty()) return subjectOfQuery(request, caller);
  if (!request.query.empty()) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "Send the fields in the body or in the query, not in both."};
  }
  const auto body = JsonBody::read(request, {"provider", "user_email"});
  if (!body) return body.error();
  return permittedSubject(*body, caller, Operation::Revoke);
}

Result<Response> revoke(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto subject = subjectToRevoke(request, caller);
  if (!subject) return subject.error();
  const auto outcome =
      gateway.parts.revoke.revoke(subject->provider, subject->owner, caller.keyId, request.requestId);
  if (!outcome) return outcome.error();
  boost::json::object body{
      {"success", true},
      {"message", "Credentials revoked for " + subject->owner + " (" + subject->provider + ")"},
      {"revoked_at_provider", outcome->atProvider}};
  if (!outcome->note.empty()) body["note"] = outcome->note;
  return jsonResponse(body);
}

}  // namespace

void addGrantRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"GET", "/auth/providers/{user_email}", callerEndpoint(gateway, providersOf)});
  routes.push_back({"DELETE", "/auth/revoke", callerEndpoint(gateway, revoke)});
}

}  // namespace agw::api
