#include "dialects/jira.hpp"

#include <algorithm>

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr int kNinetyDays = 90 * 24 * 3600;
constexpr int kReuseInterval = 600;
constexpr const char* kAudience = "api.atlassian.com";

std::string cloudId(const std::string& organisation) {
  return uuidOf("jira-site:" + organisation);
}
std::string accountId(const std::string& account) {
  return "557058:" + uuidOf("atlassian-account:" + account);
}

bool isOf(const std::string& product, const std::string& scope) {
  return scope.find(product) != std::string::npos;
}

Reply problem(int status, const std::string& message) {
  return jsonReply(object({{"code", status}, {"message", message}}), status);
}

Poco::JSON::Object personJson(const std::string& email) {
  const Account account = accountFor(email);
  return object({{"accountId", accountId(email)},
                 {"accountType", "atlassian"},
                 {"emailAddress", account.email},
                 {"displayName", account.name},
                 {"active", true}});
}

}  // namespace

Jira::Jira(const Parts& parts) : Oidc(parts, WithoutRoutes{}) {
  on("GET POST", "/authorize", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST", "/oauth/token", "token", [this](const Call& call) { return token(call); });
  on("POST", "/oauth/revoke", "revoke", [this](const Call& call) { return revoke(call); });
  api("/api/me", "userinfo", {"read:me"}, [](const Call&, const Consent& consent) {
    const Account account = accountFor(consent.account);
    return jsonReply(object({{"account_type", "atlassian"},
                             {"account_id", accountId(account.email)},
                             {"email", account.email},
                             {"name", account.name},
                             {"account_status", "active"}}));
  });
  api("/api/oauth/token/accessible-resources", "installations", {},
      [this](const Call&, const Consent& consent) { return sites(consent); });
  const auto product = [](const Call& call, const Consent& consent) {
    const auto& granted = consent.organisations;
    const bool there = std::any_of(granted.begin(), granted.end(), [&](const std::string& name) {
      return cloudId(name) == call.captures[0];
    });
    return there ? jsonReply(personJson(consent.account)) : problem(404, "No site is here for this token.");
  };
  api("/api/ex/jira/{}/rest/api/3/myself", "userinfo", {"read:jira-user"}, product);
  api("/api/ex/confluence/{}/wiki/rest/api/user/current", "userinfo",
      {"read:confluence-user", "read:confluence-content.all"}, product);
}

Policy Jira::usual(Policy policy) const {
  policy.rotation = Rotation::Window;
  policy.graceSeconds = kReuseInterval;
  policy.refreshTtl = kNinetyDays;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  policy.idToken = false;
  policy.revokeEndsAccount = true;
  return policy;
}

std::string Jira::tokenText(TokenKind kind, const Consent& consent, const std::string&) const {
  const auto now = parts_.clock.now();
  Poco::JSON::Object claims =
      object({{"jti", randomText(16)}, {"sub", accountId(consent.account)}, {"iat", now}});
  if (kind == TokenKind::Access) {
    claims.set("aud", consent.clientId);
    claims.set("scope", joinScopes(consent.scopes));
    claims.set("https://id.atlassian.com/session_id", uuidOf(randomText()));
  }
  return parts_.keys.signer.sign(claims);
}

// ---- consent

std::string Jira::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  if (query.get("response_type") != "code") return "unsupported_response_type";
  const std::string challenge = query.get("code_challenge");
  const bool proves = challenge.empty() || query.get("code_challenge_method") == "S256";
  const bool complete = query.get("audience") == kAudience && query.get("prompt") == "consent" &&
                        !query.get("scope").empty() && !query.get("state").empty();
  return complete && proves ? "" : "invalid_request";
}

void Jira::dress(const Call&, const Consent&, FormView& view) const {
  Group sites = organisationGroup("Sites");
  sites.several = true;
  view.groups.push_back(sites);
}

std::string Jira::choose(const Call& call, const Parameters& form, Consent& consent) const {
  if (std::string complaint = Dialect::choose(call, form, consent); !complaint.empty()) return complaint;
  consent.organisations = form.all("organisation");
  if (consent.organisations.empty()) consent.organisations = {knownOrganisations().front().name};
  // A person has one grant for an app: what is allowed now is all that is allowed.
  parts_.ledger.narrow(consent.account, consent.clientId, consent.scopes);
  return {};
}

Reply Jira::sendBack(const Call& call, const std::string& redirectUri,
                     std::vector<std::pair<std::string, std::string>> parameters) const {
  if (parameters.front().second == "access_denied") {
    parameters.emplace_back("error_description", "User did not authorize the request");
  }
  return Oidc::sendBack(call, redirectUri, std::move(parameters));
}

// ---- tokens

ClientAuth Jira::authenticate(const Call& call, const Parameters& form) const {
  ClientAuth auth = Oidc::authenticate(call, form);
  if (!auth.client && auth.refusal.status == 401) {
    // The same word as for a person's refusal.
    auth.refusal = errorReply(401, "access_denied", "Unauthorized");
  }
  return auth;
}

Reply Jira::tokenError(const Call& call, const OAuthError& error) const {
  if (error.code != "invalid_grant") return errorReply(400, error.code, error.description);
  const bool refreshes = call.body().get("grant_type") == "refresh_token";
  return errorReply(403, error.code,
                    refreshes ? "Unknown or invalid refresh token." : "Invalid authorization code");
}

TokenRequest Jira::firstTokens(const Grant& grant, const Policy& policy) const {
  const auto& scopes = grant.consent.scopes;
  return {.scopes = scopes, .refresh = policy.refreshToken && hasScope(scopes, "offline_access")};
}

Reply Jira::otherGrant(const Call&, const Parameters& form, const Client&) {
  if (!form.has("grant_type")) return errorReply(400, "invalid_request", "grant_type is missing.");
  return errorReply(400, "unsupported_grant_type", "Unsupported grant type: " + form.get("grant_type"));
}

// ---- the API

void Jira::api(const std::string& pattern, const std::string& endpoint,
               const std::vector<std::string>& scopes, Handler handler) {
  on("GET", pattern, endpoint, [this, scopes, handler = std::move(handler)](const Call& call) {
    const auto consent = parts_.ledger.access(bearerToken(call.request));
    if (!consent) return problem(401, "Unauthorized");
    const bool allowed =
        scopes.empty() || std::any_of(scopes.begin(), scopes.end(), [&](const std::string& scope) {
          return hasScope(consent->scopes, scope);
        });
    return allowed ? handler(call, *consent) : problem(401, "Unauthorized; scope does not match");
  });
}

/// A site that has both products stands there twice with one id; the scopes tell which is which.
Reply Jira::sites(const Consent& consent) const {
  Poco::JSON::Array list;
  for (const char* product : {"jira", "confluence"}) {
    std::vector<std::string> scopes;
    for (const auto& scope : consent.scopes) {
      if (isOf(product, scope)) scopes.push_back(scope);
    }
    if (scopes.empty()) continue;
    for (const auto& name : consent.organisations) {
      const std::string url = "https://" + name + ".atlassian.example";
      list.add(object({{"id", cloudId(name)},
                       {"url", url},
                       {"name", name},
                       {"scopes", array(scopes)},
                       {"avatarUrl", url + "/avatar.png"}}));
    }
  }
  return jsonReply(list);
}

// ---- webhooks. None tells of an end.

std::vector<Action> Jira::actions() const {
  using About = Action::About;
  return {{.about = About::Account, .name = "withdraw", .label = "Remove access"},
          {.about = About::Organisation, .name = "uninstall", .label = "Remove the app from the site"},
          {.about = About::Organisation, .name = "issue_created", .label = "Create an issue"}};
}

std::vector<Delivery> Jira::happen(const Event& event, const Call& call) {
  if (event.name == "withdraw") {
    parts_.ledger.withdraw(event.account);
    return {};
  }
  if (event.name == "uninstall") {
    parts_.ledger.leaveOrganisation(event.organisation);
    return {};
  }
  if (event.name != "issue_created") {
    throw BadControl("event must be one of: withdraw, uninstall, issue_created");
  }
  const Client& client = call.policy.clients.front();
  const auto now = parts_.clock.now();
  const auto part = [](const Poco::JSON::Object& json) { return base64Url(toText(json)); };
  const std::string signedText = part(object({{"alg", "HS256"}, {"typ", "JWT"}})) + "." +
                                 part(object({{"iss", client.id}, {"iat", now}, {"exp", now + 180}}));
  const std::string token = signedText + "." + base64Url(hmacSha256(client.secret, signedText));
  const std::string key = "DEMO-" + std::to_string(now % 1000);
  return {{.event = event.name,
           .body = toText(object({{"timestamp", now * 1000},
                                  {"webhookEvent", "jira:issue_created"},
                                  {"issue", object({{"id", std::to_string(now)}, {"key", key}})}})),
           .headers = {{"Authorization", "Bearer " + token},
                       {"X-Atlassian-Webhook-Identifier", uuidOf(randomText())}}}};
}

}  // namespace sandbox
