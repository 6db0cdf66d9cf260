#include "api/endpoints/endpoint.hpp"

namespace agw::api {
namespace {

Result<Response> begin(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "scopes"});
  if (!body) return body.error();
  auto subject = permittedSubject(*body, caller, Operation::Consent);
  if (!subject) return std::move(subject).error();
  auto scopes = readScopes(*body);
  if (!scopes) return std::move(scopes).error();

  if (auto within = gateway.limits.consent(caller.keyId, *subject); !within) return std::move(within).error();
  const auto device = gateway.parts.devices.begin({.provider = subject->provider,
                                                   .profile = subject->owner,
                                                   .scopes = std::move(*scopes),
                                                   .redirectAfter = {},
                                                   .requestId = request.requestId},
                                                  caller);
  if (!device) return device.error();
  boost::json::object answer{{"user_code", device->userCode}, {"verification_uri", device->verificationUri}};
  if (!device->verificationUriComplete.empty())
    answer["verification_uri_complete"] = device->verificationUriComplete;
  answer["expires_at"] = toRfc3339(device->expiresAt);
  answer["interval"] = device->interval.count();
  answer["session_id"] = device->sessionId;
  return jsonResponse(answer);
}

}  // namespace

void addDeviceRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/auth/device", callerEndpoint(gateway, begin)});
}

}  // namespace agw::api
