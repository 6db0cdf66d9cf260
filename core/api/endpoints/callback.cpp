#include "api/edge/target.hpp"
#include "api/endpoints/endpoint.hpp"
#include "api/pages/pages.hpp"
#include "api/redirect_target.hpp"
#include "api/text.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxParameter = 8'192;

using Parameters = std::map<std::string, std::string>;

/// The query, or the form where a provider posts (`response_mode=form_post`).
Result<Parameters> parametersOf(const Request& request) {
  if (request.queryFault) return *request.queryFault;
  if (request.method != "POST") return request.query;
  const auto type = request.header("Content-Type").value_or("");
  const auto media = trimmed(type.substr(0, type.find(';')));
  if (!equalsIgnoringCase(media, "application/x-www-form-urlencoded") || !request.query.empty()) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "The provider's answer must come as a form, with nothing in the query.",
                 .facts = {{"media_type", {"application/x-www-form-urlencoded"}}}};
  }
  return parseParameters(request.body);
}

std::optional<std::string> take(const Parameters& parameters, const char* name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.size() > kMaxParameter) return std::nullopt;
  return found->second;
}

/// What a browser, and whoever tests with one, sees: the person's and the caller's faults are all 400.
int pageStatus(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Transient:
      return 503;
    case ErrorKind::RateLimited:
      return 429;
    case ErrorKind::Malformed:
    case ErrorKind::BadOption:
    case ErrorKind::BadClient:
      return 502;
    case ErrorKind::Integrity:
    case ErrorKind::Bug:
      return 500;
    default:
      return 400;
  }
}

const char* statusWord(FlowStatus status) {
  return status == FlowStatus::Completed ? "completed" : "failed";
}

/// Whoever is here sits at a browser.
Response failurePage(const CallbackOutcome& outcome, const std::string& requestId) {
  auto page = htmlResponse(pages::failure(outcome, requestId), pageStatus(outcome.error));
  page.error = errorCode(outcome.error);
  const auto wait = outcome.error.retryAfter.count();
  if (wait > 0) page.headers.emplace_back("Retry-After", std::to_string(wait));
  return page;
}

Response resultOf(const CallbackOutcome& outcome, const std::string& requestId) {
  if (outcome.status == FlowStatus::AwaitingConfirmation) return htmlResponse(pages::confirmation(outcome));
  if (!outcome.redirectAfter.empty() && !outcome.sessionId.empty()) {
    Response redirect;
    redirect.status = 303;  // also after a POST the browser comes by GET, without the form
    redirect.contentType = "text/plain; charset=utf-8";
    redirect.headers.emplace_back(
        "Location", redirectWith(outcome.redirectAfter, statusWord(outcome.status), outcome.sessionId));
    return redirect;
  }
  if (outcome.status == FlowStatus::Completed) return htmlResponse(pages::success(outcome));
  return failurePage(outcome, requestId);
}

Response failurePage(const Error& error, const std::string& requestId) {
  CallbackOutcome outcome;
  outcome.error = error;
  return failurePage(outcome, requestId);
}

Response callback(Gateway& gateway, const Request& request) {
  if (request.method == "HEAD") {
    // Previews of links ask so; they must not use up the person's link.
    return failurePage({.kind = ErrorKind::InvalidRequest, .message = "Open this address with GET."},
                       request.requestId);
  }
  const auto parameters = parametersOf(request);
  if (!parameters) return failurePage(parameters.error(), request.requestId);
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

Handler browserEndpoint(SharedGateway gateway) {
  return [gateway = std::move(gateway)](const Request& request) {
    if (request.late) return failurePage(overloaded(), request.requestId);
    if (const auto within = gateway->limits.stranger(request.peer); !within)
      return failurePage(within.error(), request.requestId);
    return callback(*gateway, request);
  };
}

}  // namespace

void addCallbackRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  for (const char* pattern : {"/auth/callback/{provider}", "/auth/callback", "/callback/{provider}"}) {
    for (const char* method : {"GET", "POST"})
      routes.push_back({method, pattern, browserEndpoint(gateway), true});
  }
}

}  // namespace agw::api
