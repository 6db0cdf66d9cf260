#include "api/endpoints/browser.hpp"
#include "api/pages/pages.hpp"
#include "api/redirect_target.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxParameter = 8'192;

std::optional<std::string> take(const std::map<std::string, std::string>& parameters, const char* name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.size() > kMaxParameter) return std::nullopt;
  return found->second;
}

const char* statusWord(FlowStatus status) {
  return status == FlowStatus::Completed ? "completed" : "failed";
}

/// Whoever is here sits at a browser.
Response failurePage(const CallbackOutcome& outcome, const std::string& requestId) {
  return errorPage(pages::failure(outcome, requestId), outcome.error);
}

Response resultOf(const CallbackOutcome& outcome, const std::string& requestId) {
  if (outcome.status == FlowStatus::AwaitingConfirmation) return htmlResponse(pages::confirmation(outcome));
  if (!outcome.redirectAfter.empty() && !outcome.sessionId.empty()) {
    return redirectTo(
        redirectWith(outcome.redirectAfter, statusWord(outcome.status), {"session_id", outcome.sessionId}));
  }
  if (outcome.status == FlowStatus::Completed) return htmlResponse(pages::success(outcome));
  return failurePage(outcome, requestId);
}

Response tell(Gateway&, const Request& request, const Error& error) {
  CallbackOutcome outcome;
  outcome.error = error;
  return failurePage(outcome, request.requestId);
}

Response callback(Gateway& gateway, const Request& request) {
  const auto parameters = redirectParameters(request);
  if (!parameters) return tell(gateway, request, parameters.error());
  const auto provider = request.pathParameters.find("provider");
  CallbackParameters found{.provider = std::nullopt,
                           .state = take(*parameters, "state"),
                           .code = take(*parameters, "code"),
                           .issuer = take(*parameters, "iss"),
                           .error = take(*parameters, "error"),
                           .requestId = request.requestId};
  if (provider != request.pathParameters.end()) found.provider = provider->second;
  return resultOf(gateway.parts.consent.finish(found), request.requestId);
}

}  // namespace

void addCallbackRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  for (const char* pattern : {"/auth/callback/{provider}", "/auth/callback", "/callback/{provider}"}) {
    for (const char* method : {"GET", "POST"})
      routes.push_back({method, pattern, personEndpoint(gateway, callback, tell), true});
  }
}

}  // namespace agw::api
