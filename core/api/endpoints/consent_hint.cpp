#include "api/endpoints/consent_hint.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace agw::api {
namespace {

/// A new consent replaces the grant: what it has already is asked for again beside what is missing.
Scopes scopesToAsk(const Error& error, const Scopes& asked) {
  Scopes scopes;
  if (const auto granted = error.facts.find("granted"); granted != error.facts.end())
    scopes = granted->second;
  for (const auto& scope : asked) {
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  }
  return scopes;
}

void logNotMade(Gateway& gateway, const std::string& requestId, const Error& error) {
  gateway.parts.log.write(LogLevel::Warning, "consent_link_not_made",
                          {{"request_id", requestId}, {"error", errorCode(error)}});
}

}  // namespace

bool curedByConsent(const Error& error) {
  const auto code = errorCode(error);
  return code == "not_authenticated" || code == "refresh_failed" || code == "missing_scopes";
}

std::optional<ConsentHint> hintFor(Gateway& gateway, const TokenRequest& request, const Error& error,
                                   const Caller& caller) {
  if (!caller.may(Operation::Consent, request.provider, request.profile)) return std::nullopt;
  const ConsentRequest wanted{.provider = request.provider,
                              .profile = request.profile,
                              .scopes = scopesToAsk(error, request.scopes),
                              .redirectAfter = {},
                              .requestId = request.requestId};
  if (const auto open = gateway.parts.consent.openLink(wanted, caller))
    return ConsentHint{open->authUrl, open->sessionId, open->expiresAt};
  if (!gateway.limits.consent(caller.keyId, {request.provider, request.profile})) return std::nullopt;
  const auto link = gateway.parts.consent.begin(wanted, caller);
  if (link) return ConsentHint{link->authUrl, link->sessionId, link->expiresAt};
  logNotMade(gateway, request.requestId, link.error());
  return std::nullopt;
}

Response refusal(Gateway& gateway, const TokenRequest& request, Error error, const Caller& caller) {
  if (errorCode(error) == "not_authenticated") {
    error.message = "No credentials found for " + request.profile + ". Please authenticate.";
  }
  return errorResponse(error, request.requestId, hintFor(gateway, request, error, caller));
}

std::optional<ConsentHint> hintFor(Gateway& gateway, const InstallationTokenRequest& request,
                                   const Caller& caller) {
  const auto& [provider, orgId, installationId] = request.address;
  const auto owner = orgId.empty() ? std::string(kAnyOrganisation) : organisationOwner(orgId);
  if (!caller.may(Operation::Consent, provider, owner)) return std::nullopt;
  if (!gateway.limits.consent(caller.keyId)) return std::nullopt;
  const auto ticket = gateway.parts.install.makeTicket({.provider = provider,
                                                        .orgId = orgId,
                                                        .redirectAfter = {},
                                                        .startedBy = caller.keyId,
                                                        .browser = {},
                                                        .requestId = request.requestId});
  if (ticket) return ConsentHint{installUrl(gateway, provider, ticket->ticket), {}, ticket->expiresAt};
  logNotMade(gateway, request.requestId, ticket.error());
  return std::nullopt;
}

Response refusal(Gateway& gateway, const InstallationTokenRequest& request, const Error& error,
                 const Caller& caller) {
  // One that is suspended is not cured here.
  if (error.facts.contains("status")) return errorResponse(error, request.requestId);
  return errorResponse(error, request.requestId, hintFor(gateway, request, caller));
}

std::string installUrl(const Gateway& gateway, const std::string& provider, const std::string& ticket) {
  return gateway.parts.settings.publicUrl + "/oauth/install/" + percentEncode(provider) + "?ticket=" + ticket;
}

}  // namespace agw::api
