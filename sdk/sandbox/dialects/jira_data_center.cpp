#include "dialects/jira_data_center.hpp"

#include <algorithm>

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kServer = "/rest/oauth2/latest";
constexpr const char* kScopes[] = {"READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"};  // each includes those before

bool knowsScope(const std::string& scope) {
  return std::find(std::begin(kScopes), std::end(kScopes), scope) != std::end(kScopes);
}

}  // namespace

JiraDataCenter::JiraDataCenter(const Parts& parts) : Oidc(parts, WithoutRoutes{}) {
  const std::string server = kServer;
  on("GET POST", server + "/authorize", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST", server + "/token", "token", [this](const Call& call) { return token(call); });
  on("POST", server + "/revoke", "revoke", [this](const Call& call) { return revoke(call); });
  on("GET", server + "/.well-known/oauth-authorization-server", "discovery",
     [this](const Call& call) { return metadata(call); });
  on("GET", "/rest/api/2/myself", "userinfo", [this](const Call& call) { return myself(call); });
}

Policy JiraDataCenter::usual(Policy policy) const {
  policy.rotation = Rotation::Always;
  policy.refreshEndsAccess = true;
  policy.refreshTtl = 90 * 24 * 3600;
  policy.codeTtl = 60;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  policy.idToken = false;
  return policy;
}

std::string JiraDataCenter::tokenText(TokenKind, const Consent&, const std::string&) const {
  return randomLetters(32, "0123456789abcdef");
}

Reply JiraDataCenter::metadata(const Call& call) const {
  const std::string base = call.root + kServer;
  return jsonReply(
      object({{"issuer", call.root},
              {"authorization_endpoint", base + "/authorize"},
              {"token_endpoint", base + "/token"},
              {"revocation_endpoint", base + "/revoke"},
              {"scopes_supported", array<std::string>({std::begin(kScopes), std::end(kScopes)})},
              {"response_types_supported", array<std::string>({"code"})},
              {"grant_types_supported", array<std::string>({"authorization_code", "refresh_token"})},
              {"token_endpoint_auth_methods_supported", array<std::string>({"client_secret_post"})},
              {"code_challenge_methods_supported", array<std::string>({"plain", "S256"})}}));
}

std::string JiraDataCenter::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  if (query.get("response_type") != "code") return "unsupported_response_type";
  const auto scopes = splitScopes(query.get("scope"));
  return std::all_of(scopes.begin(), scopes.end(), &knowsScope) ? "" : "invalid_scope";
}

void JiraDataCenter::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  consent.plainChallenge = call.query().get("code_challenge_method") != "S256";
  if (consent.scopes.empty()) consent.scopes = {kScopes[0]};
}

Reply JiraDataCenter::myself(const Call& call) const {
  const auto consent = parts_.ledger.access(bearerToken(call.request));
  if (!consent) return jsonReply(object({{"message", "Client must be authenticated"}}), 401);
  const Account account = accountFor(consent->account);
  return jsonReply(
      object({{"key", "JIRAUSER" + std::to_string(numberOf("jira-user:" + account.email, 10'000))},
              {"name", loginOf(account.email)},
              {"emailAddress", account.email},
              {"displayName", account.name},
              {"active", true}}));
}

}  // namespace sandbox
