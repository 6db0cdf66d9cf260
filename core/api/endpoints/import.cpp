#include <algorithm>

#include "api/endpoints/consent_hint.hpp"
#include "api/endpoints/token_json.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxRefreshToken = 8192;

/// 1*VSCHAR (RFC 6749 appendix A.17).
Result<Secret> readRefreshToken(const JsonBody& body) {
  auto text = body.text("refresh_token");
  if (!text) return std::move(text).error();
  Secret token(std::move(*text));
  const auto seen = token.reveal();
  const bool fit = !seen.empty() && seen.size() <= kMaxRefreshToken &&
                   std::all_of(seen.begin(), seen.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (fit) return token;
  return fieldFault("refresh_token",
                    "'refresh_token' must be the text as the provider gave it: 1 to 8192 visible ASCII "
                    "characters.");
}

Result<Response> importGrant(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto body = JsonBody::read(request, {"provider", "user_email", "refresh_token", "scopes"});
  if (!body) return body.error();
  const auto subject = permittedSubject(*body, caller, Operation::Import);
  if (!subject) return subject.error();
  auto refreshToken = readRefreshToken(*body);
  if (!refreshToken) return std::move(refreshToken).error();
  const auto scopes = readScopes(*body);
  if (!scopes) return scopes.error();
  const auto imported = gateway.parts.imports.accept({.provider = subject->provider,
                                                      .profile = subject->owner,
                                                      .refreshToken = std::move(*refreshToken),
                                                      .scopes = *scopes,
                                                      .requestId = request.requestId},
                                                     caller);
  if (!imported) {
    if (!curedByConsent(imported.error())) return imported.error();
    const TokenRequest wanted{.provider = subject->provider,
                              .profile = subject->owner,
                              .minTtl = std::nullopt,
                              .scopes = *scopes,
                              .forceRefresh = false,
                              .requestId = request.requestId};
    return refusal(gateway, wanted, imported.error(), caller);
  }
  return jsonResponse(
      {{"success", true},
       {"message", "Credentials imported for " + subject->owner + " (" + subject->provider + ")"},
       {"scopes", textsJson(imported->scopes)},
       {"token_expires_at", timeJson(imported->expiresAt)}});
}

}  // namespace

void addImportRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/auth/import", callerEndpoint(gateway, importGrant)});
}

}  // namespace agw::api
