#include "api/endpoints/endpoint.hpp"
#include "api/endpoints/fields.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxConfirmationCode = 32;

Result<Response> init(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "scopes", "redirect_after"});
  if (!body) return body.error();
  auto subject = permittedSubject(*body, caller, Operation::Consent);
  if (!subject) return std::move(subject).error();
  auto scopes = readScopes(*body);
  if (!scopes) return std::move(scopes).error();
  const auto target = body->optionalText("redirect_after");
  if (!target) return target.error();
  auto redirect = checkedRedirect(gateway, target->value_or(""));
  if (!redirect) return std::move(redirect).error();

  if (auto within = gateway.limits.consent(caller.keyId, *subject); !within) return std::move(within).error();
  const auto link = gateway.parts.consent.begin({.provider = subject->provider,
                                                 .profile = subject->owner,
                                                 .scopes = std::move(*scopes),
                                                 .redirectAfter = std::move(*redirect),
                                                 .requestId = request.requestId},
                                                caller);
  if (!link) return link.error();
  return jsonResponse({{"auth_url", link->authUrl},
                       {"session_id", link->sessionId},
                       {"expires_at", toRfc3339(link->expiresAt)}});
}

boost::json::object described(const Flow& flow) {
  switch (flow.status) {
    case FlowStatus::Completed:
      return {{"status", "completed"},
              {"session_id", flow.id},
              {"user_email", flow.profile},
              {"provider", flow.provider}};
    case FlowStatus::Failed:
      return {{"status", "failed"}, {"session_id", flow.id}, {"error", flow.error}};
    case FlowStatus::AwaitingConfirmation:
      return {{"status", "awaiting_confirmation"},
              {"session_id", flow.id},
              {"account", flow.account},
              {"expires_at", toRfc3339(flow.expiresAt)}};
    case FlowStatus::Pending:
    case FlowStatus::Exchanging:
      break;
  }
  return {{"status", "pending"}, {"session_id", flow.id}, {"expires_at", toRfc3339(flow.expiresAt)}};
}

Result<Response> status(Gateway& gateway, const Request& request) {
  const auto flow = gateway.parts.consent.status(request.pathParameters.at("session_id"));
  if (!flow) return flow.error();
  return jsonResponse(described(*flow));
}

Result<Response> confirm(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"session_id", "code"});
  if (!body) return body.error();
  const auto session = body->text("session_id");
  if (!session) return session.error();
  const auto code = body->text("code");
  if (!code) return code.error();
  if (code->size() > kMaxConfirmationCode) {
    return fieldFault("code", "'code' must be the short code that the person who consented was shown.");
  }
  const auto flow = gateway.parts.consent.confirm(*session, *code, caller, request.requestId);
  if (!flow) return flow.error();
  return jsonResponse(described(*flow));
}

}  // namespace

void addConsentRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/auth/init", callerEndpoint(gateway, init)});
  routes.push_back({"GET", "/auth/status/{session_id}", openEndpoint(gateway, status)});
  routes.push_back({"POST", "/auth/confirm", callerEndpoint(gateway, confirm)});
}

}  // namespace agw::api
