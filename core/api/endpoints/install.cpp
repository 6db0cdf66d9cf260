#include "api/endpoints/browser.hpp"
#include "api/endpoints/consent_hint.hpp"
#include "api/endpoints/endpoint.hpp"
#include "api/endpoints/fields.hpp"
#include "api/pages/pages.hpp"
#include "api/redirect_target.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxParameter = 8'192;
constexpr std::size_t kMaxParameters = 64;

Result<InstallRequest> permittedRequest(const Request& request, const Caller& caller, std::string orgId,
                                        std::string redirectAfter) {
  const auto& provider = request.pathParameters.at("platform");
  const auto owner = orgId.empty() ? std::string(kAnyOrganisation) : organisationOwner(orgId);
  if (auto permitted = caller.may(Operation::Consent, provider, owner); !permitted)
    return std::move(permitted).error();
  return InstallRequest{.provider = provider,
                        .orgId = std::move(orgId),
                        .redirectAfter = std::move(redirectAfter),
                        .startedBy = caller.keyId,
                        .browser = {},
                        .requestId = request.requestId};
}

/// A ticket for a browser, which cannot send a key.
Result<Response> makeTicket(Gateway& gateway, const Request& request, const Caller& caller) {
  std::string orgId;
  std::string redirect;
  if (!request.body.empty()) {
    const auto body = JsonBody::read(request, {"org_id", "redirect_after"});
    if (!body) return body.error();
    auto organisation = optionalId(*body, "org_id");
    if (!organisation) return std::move(organisation).error();
    orgId = std::move(*organisation);
    auto target = body->optionalText("redirect_after");
    if (!target) return std::move(target).error();
    auto checked = checkedRedirect(gateway, target->value_or(""));
    if (!checked) return std::move(checked).error();
    redirect = std::move(*checked);
  }
  const auto wanted = permittedRequest(request, caller, std::move(orgId), std::move(redirect));
  if (!wanted) return wanted.error();
  if (auto within = gateway.limits.consent(caller.keyId); !within) return std::move(within).error();
  const auto ticket = gateway.parts.install.makeTicket(*wanted);
  if (!ticket) return ticket.error();
  return jsonResponse({{"install_url", installUrl(gateway, wanted->provider, ticket->ticket)},
                       {"state_expires_at", toRfc3339(ticket->expiresAt)}});
}

/// A program asks with its key, and sends a browser where the answer says.
Result<Response> beginByKey(Gateway& gateway, const Request& request, const Caller& caller) {
  if (request.late) return overloaded();
  if (request.queryFault) return *request.queryFault;
  if (auto preview = refusePreview(request)) return std::move(*preview);
  if (auto fault = onlyKnown(request.query, {"org_id", "redirect_after"})) return std::move(*fault);
  auto organisation = optionalId(request.query, "org_id");
  if (!organisation) return std::move(organisation).error();
  const auto target = request.query.find("redirect_after");
  auto redirect = checkedRedirect(gateway, target == request.query.end() ? std::string() : target->second);
  if (!redirect) return std::move(redirect).error();
  const auto wanted = permittedRequest(request, caller, std::move(*organisation), std::move(*redirect));
  if (!wanted) return wanted.error();
  if (auto within = gateway.limits.consent(caller.keyId); !within) return std::move(within).error();
  const auto link = gateway.parts.install.begin(*wanted);
  if (!link) return link.error();
  return redirectTo(link->url, 302);
}

Response failurePage(const Gateway& gateway, const Request& request, const InstallOutcome& outcome) {
  auto page = errorPage(pages::notInstalled(outcome, request.requestId), outcome.error);
  if (page.status >= 500 && !outcome.error.detail.empty()) {
    gateway.parts.log.write(
        LogLevel::Warning, "request_failed",
        {{"request_id", request.requestId}, {"error", page.error}, {"detail", outcome.error.detail}});
  }
  return page;
}

Response tell(Gateway& gateway, const Request& request, const Error& error) {
  InstallOutcome outcome;
  outcome.error = error;
  return failurePage(gateway, request, outcome);
}

/// Whether this browser may begin without a ticket.
bool isPublic(const Gateway& gateway, const std::string& provider) {
  const auto found = gateway.parts.providers.find(provider);
  return found && (*found)->config().allowPublicInstall;
}

/// A browser comes with a ticket, or with nothing where that is allowed. It gets a cookie, and whoever comes
/// back from the provider must have it.
Result<InstallLink> beginByBrowser(Gateway& gateway, const Request& request, const std::string& browser) {
  const auto& provider = request.pathParameters.at("platform");
  if (auto fault = onlyKnown(request.query, {"ticket"})) return std::move(*fault);
  const InstallRequest wanted{.provider = provider,
                              .orgId = {},
                              .redirectAfter = {},
                              .startedBy = kPublicInstall,
                              .browser = browser,
                              .requestId = request.requestId};
  if (const auto ticket = request.query.find("ticket"); ticket != request.query.end())
    return gateway.parts.install.beginByTicket(ticket->second, wanted);
  if (isPublic(gateway, provider)) return gateway.parts.install.begin(wanted);
  return Error{.kind = ErrorKind::Forbidden,
               .message = "This link is not complete. Start again from the application that sent you.",
               .code = "forbidden"};
}

Response begin(Gateway& gateway, const Request& request) {
  auto browser = browserOf(request);
  if (browser.empty()) {
    auto made = newToken(gateway.parts.random);
    if (!made) return tell(gateway, request, made.error());
    browser = std::move(*made);
  }
  const auto link = beginByBrowser(gateway, request, browser);
  if (!link) return tell(gateway, request, link.error());
  auto response = redirectTo(link->url, 302);
  rememberBrowser(response, request, browser);
  return response;
}

Response resultOf(const InstallOutcome& outcome, const Gateway& gateway, const Request& request) {
  if (outcome.status == InstallOutcome::Status::GoOn) return redirectTo(outcome.nextUrl);
  const bool installed = outcome.status == InstallOutcome::Status::Installed;
  if (!outcome.redirectAfter.empty()) {
    const std::string id = outcome.installations.empty() ? std::string() : outcome.installations.front().id;
    return redirectTo(
        redirectWith(outcome.redirectAfter, installed ? "completed" : "failed", {"installation_id", id}));
  }
  if (installed) return htmlResponse(pages::installed(outcome));
  return failurePage(gateway, request, outcome);
}

Response callback(Gateway& gateway, const Request& request) {
  const auto parameters = redirectParameters(request);
  if (!parameters) return tell(gateway, request, parameters.error());
  InstallCallback found{.provider = request.pathParameters.at("platform"),
                        .parameters = {},
                        .browser = browserOf(request),
                        .requestId = request.requestId};
  for (const auto& [name, value] : *parameters) {
    if (value.size() <= kMaxParameter && found.parameters.size() < kMaxParameters)
      found.parameters.emplace(name, value);
  }
  return resultOf(gateway.parts.install.finish(found), gateway, request);
}

/// By a browser, or by a program with its key.
Handler beginEndpoint(const SharedGateway& gateway) {
  return [gateway, page = personEndpoint(gateway, begin, tell),
          program = callerEndpoint(gateway, beginByKey)](const Request& request) {
    const bool withKey = request.header("X-API-Key") || request.header("Authorization");
    return withKey ? program(request) : page(request);
  };
}

}  // namespace

void addInstallRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/oauth/install/{platform}", callerEndpoint(gateway, makeTicket)});
  routes.push_back({"GET", "/oauth/install/{platform}", beginEndpoint(gateway), true});
  routes.push_back({"GET", "/oauth/callback/{platform}", personEndpoint(gateway, callback, tell), true});
  routes.push_back({"POST", "/oauth/callback/{platform}", personEndpoint(gateway, callback, tell), true});
}

}  // namespace agw::api
