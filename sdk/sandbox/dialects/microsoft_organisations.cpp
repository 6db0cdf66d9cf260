#include "dialects/microsoft.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kAllOfIt = "/.default";
constexpr int kAppTtl = 3599;

Reply graphError(int status, const std::string& code, const std::string& message) {
  return jsonReply(object({{"error", object({{"code", code}, {"message", message}})}}), status);
}

Reply invalidToken() {
  return graphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.");
}

}  // namespace

// ---- an organisation lets the app in

Reply Microsoft::adminConsent(const Call& call) {
  const Parameters query = call.query();
  const Client* client = call.policy.client(query.get("client_id"));
  const std::string redirectUri = query.get("redirect_uri");
  const MicrosoftTenants tenants(call.captures[0]);
  if (client == nullptr || !mayRedirect(*client, redirectUri) || tenants.names.empty()) {
    return pageReply(messagePage("Sorry, but we are having trouble signing you in",
                                 "AADSTS50011: Client, tenant or redirect URI are not registered."),
                     400);
  }
  Consent consent;
  consent.clientId = client->id;
  if (!call.posts()) {
    FormView view{.badge = "Sandbox provider: " + parts_.name,
                  .title = client->id + " wants to work for your organisation",
                  .text = "You decide as its administrator, for everybody in it.",
                  .action = call.request.path + "?" + call.request.rawQuery,
                  .groups = {accountGroup({})},
                  .listTitle = "It asks for",
                  .list = splitScopes(query.get("scope"))};
    dress(call, consent, view);
    return pageReply(formPage(view));
  }
  const Parameters form = call.body();
  if (form.get("decision") != "allow") return sendBack(call, redirectUri, {{"error", "access_denied"}});
  if (const std::string complaint = choose(call, form, consent); !complaint.empty()) {
    return pageReply(messagePage("Something is missing", complaint), 400);
  }
  const std::string& organisation = consent.organisations.front();
  (void)parts_.installations.install({.organisation = organisation,
                                      .people = {consent.account},
                                      .repositories = {},
                                      .permissions = {},
                                      .changedAt = parts_.clock.now()});
  // No code: whoever opens this address could have written it.
  return sendBack(call, redirectUri,
                  {{"admin_consent", "True"},
                   {"tenant", microsoftTenantId(organisation)},
                   {"scope", query.get("scope")}});
}

Reply Microsoft::appToken(const Call& call, const std::string& scope, const Client& client) {
  const MicrosoftTenants tenants(call.captures[0]);
  if (!tenants.single)
    return failure(400, "invalid_request", 90002, "A token of the app itself needs one tenant.");
  const bool wellFormed =
      scope.size() > std::string_view(kAllOfIt).size() &&
      scope.compare(scope.size() - std::string_view(kAllOfIt).size(), std::string::npos, kAllOfIt) == 0;
  if (!wellFormed) {
    return failure(400, "invalid_scope", 70011, "The scope of client credentials ends with /.default.");
  }
  if (!parts_.installations.find(tenants.names.front())) {
    return failure(400, "unauthorized_client", 700016, "Application was not found in the directory.");
  }
  Consent consent;
  consent.clientId = client.id;
  consent.organisations = tenants.names;
  const auto tokens = parts_.ledger.issue(
      parts_.ledger.open(consent),
      {.scopes = {scope}, .label = "app", .refresh = false, .accessTtl = kAppTtl}, call.policy);
  return jsonReply(object({{"token_type", "Bearer"},
                           {"expires_in", kAppTtl},
                           {"ext_expires_in", kAppTtl},
                           {"access_token", tokens.access}}));
}

// ---- Graph

void Microsoft::addGraph() {
  using Handler = std::function<Reply(const Call&, const Consent&)>;
  const auto asPerson = [this](const std::string& scope, Handler handler) {
    return [this, scope, handler = std::move(handler)](const Call& call) {
      const auto consent = parts_.ledger.access(bearerToken(call.request));
      if (!consent) return invalidToken();
      const bool allowed = hasScope(consent->scopes, scope) ||
                           hasScope(consent->scopes, "https://graph.microsoft.com/" + scope);
      if (consent->account.empty() || !allowed) {
        return graphError(403, "Authorization_RequestDenied",
                          "Insufficient privileges to complete the operation.");
      }
      return handler(call, *consent);
    };
  };
  on("GET", "/graph/v1.0/me", "userinfo", asPerson("User.Read", [this](const Call&, const Consent& consent) {
       const Account account = accountFor(consent.account);
       return jsonReply(object({{"id", accountClaims(consent).get("oid")},
                                {"displayName", account.name},
                                {"mail", account.email},
                                {"userPrincipalName", account.email}}));
     }));
  on("POST", "/graph/v1.0/me/revokeSignInSessions", "revoke",
     asPerson("User.RevokeSessions.All", [this](const Call&, const Consent& consent) {
       parts_.ledger.endRefresh([&](const Consent& one) { return one.account == consent.account; });
       return jsonReply(object({{"value", true}}));
     }));
  on("GET", "/graph/v1.0/organization", "api", [this](const Call& call) {
    const auto consent = parts_.ledger.access(bearerToken(call.request));
    if (!consent || consent->organisations.empty()) return invalidToken();
    const std::string& name = consent->organisations.front();
    Poco::JSON::Array list;
    list.add(object({{"id", microsoftTenantId(name)}, {"displayName", organisationFor(name).title}}));
    return jsonReply(object({{"value", list}}));
  });
  on("GET POST", "/graph/oidc/userinfo", "userinfo", [this](const Call& call) { return userinfo(call); });
}

// ---- what an administrator or a person may do. Microsoft tells no app of it.

std::vector<Action> Microsoft::actions() const {
  using About = Action::About;
  return {{.about = About::Account, .name = "withdraw", .label = "Remove access"},
          {.about = About::Organisation, .name = "uninstall", .label = "Delete the enterprise application"}};
}

std::vector<Delivery> Microsoft::happen(const Event& event, const Call&) {
  // Access tokens cannot be revoked: those that are out live to their end.
  if (event.name == "withdraw") {
    parts_.ledger.endRefresh([&](const Consent& one) { return one.account == event.account; });
    return {};
  }
  if (event.name != "uninstall") throw BadControl("event must be one of: withdraw, uninstall");
  if (const auto installed = parts_.installations.find(event.organisation)) {
    parts_.installations.remove(installed->id);
  }
  parts_.ledger.endRefresh(
      [&](const Consent& one) { return hasScope(one.organisations, event.organisation); });
  return {};
}

}  // namespace sandbox
