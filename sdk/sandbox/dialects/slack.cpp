#include "dialects/slack.hpp"

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kEnterprise = "globex";
constexpr const char* kWhole = "globex-enterprise";

Poco::Dynamic::Var named(const std::string& id, const std::string& name) {
  return id.empty() ? Poco::Dynamic::Var() : Poco::Dynamic::Var(object({{"id", id}, {"name", name}}));
}

}  // namespace

Reply slackError(const std::string& code) {
  return jsonReply(object({{"ok", false}, {"error", code}}));
}

SlackIds::SlackIds(const Consent& consent) {
  const std::string name = consent.organisations.empty() ? "acme" : consent.organisations.front();
  const bool whole = name == kWhole;
  if (whole || name == kEnterprise) {
    enterprise = capitalsOf("E", std::string("slack-enterprise:") + kEnterprise);
    enterpriseName = organisationFor(kEnterprise).title;
  }
  if (!whole) {
    team = capitalsOf("T", "slack-team:" + name);
    teamName = organisationFor(name).title;
  }
  user = capitalsOf("U", "slack-user:" + name + ":" + consent.account);
  botUser = capitalsOf("U", "slack-bot-user:" + name);
  bot = capitalsOf("B", "slack-bot:" + name);
}

Poco::Dynamic::Var SlackIds::teamJson() const {
  return named(team, teamName);
}
Poco::Dynamic::Var SlackIds::enterpriseJson() const {
  return named(enterprise, enterpriseName);
}

Slack::Slack(const Parts& parts) : Dialect(parts) {
  on("GET POST", "/oauth/v2/authorize", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST GET", "/api/oauth.v2.access", "token", [this](const Call& call) { return access(call); });
  addApi();
}

Policy Slack::usual(Policy policy) const {
  policy.rotation = Rotation::Grace;
  policy.graceSeconds = 60;  // Slack does not publish its own
  policy.livingAccess = 2;
  policy.accessTtl = 43200;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  return policy;
}

std::string Slack::tokenText(TokenKind kind, const Consent&, const std::string& label) const {
  static constexpr const char* kDigits = "0123456789";
  if (kind == TokenKind::Code) {
    return randomLetters(12, kDigits) + "." + randomLetters(13, kDigits) + "." + randomText(32);
  }
  if (kind == TokenKind::Refresh) return "xoxe-1-" + randomLetters(146);
  const bool lasts = label == "bot-lasting" || label == "user-lasting";
  const std::string mark = label.rfind("user", 0) == 0 ? "xoxp-" : "xoxb-";
  if (lasts)
    return mark + randomLetters(12, kDigits) + "-" + randomLetters(13, kDigits) + "-" + randomLetters(24);
  return "xoxe." + mark + "1-" + randomLetters(146);
}

std::string Slack::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  if (query.get("scope").empty() && query.get("user_scope").empty()) return "invalid_scope";
  if (query.get("code_challenge").empty()) return "";
  // Only for apps that have opted in, for ever.
  if (!call.policy.pkceRequired) return "pkce_not_allowed";
  return query.get("code_challenge_method") == "S256" ? "" : "invalid_request";
}

void Slack::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  consent.userScopes = splitScopes(call.query().get("user_scope"), ',');
}

void Slack::dress(const Call&, const Consent& consent, FormView& view) const {
  Group workspaces = organisationGroup("Workspace");
  workspaces.options.push_back(
      {.value = kWhole, .title = "Globex, all workspaces", .note = "of the Enterprise organisation"});
  view.groups.push_back(workspaces);
  for (const auto& scope : consent.userScopes) view.list.push_back(scope + " (as you)");
}

std::string Slack::choose(const Call& call, const Parameters& form, Consent& consent) const {
  const std::string organisation = form.get("organisation");
  consent.organisations = {organisation.empty() ? knownOrganisations().front().name : organisation};
  return Dialect::choose(call, form, consent);
}

Reply Slack::access(const Call& call) {
  const Parameters form = call.posts() ? call.body() : call.query();
  const ClientAuth auth = authenticateClient(call.request, form, call.policy);
  if (!auth.client) {
    const bool known =
        call.policy.client(form.get("client_id")) != nullptr || !call.request.authorization.empty();
    return slackError(known ? "bad_client_secret" : "invalid_client_id");
  }
  const std::string grantType = form.get("grant_type");
  if (grantType == "refresh_token") {
    const auto outcome = parts_.ledger.refresh(form.get("refresh_token"), auth.client->id, {}, call.policy);
    if (const auto* tokens = std::get_if<IssuedTokens>(&outcome)) return refreshed(call, *tokens);
    return slackError("invalid_refresh_token");
  }
  if (!grantType.empty() && grantType != "authorization_code") return slackError("invalid_grant_type");
  const auto redeemed = parts_.ledger.redeem(form.get("code"), auth.client->id, form.get("redirect_uri"),
                                             form.get("code_verifier"));
  if (const auto* grant = std::get_if<Grant>(&redeemed)) return exchanged(call, *grant);
  switch (std::get<OAuthError>(redeemed).reason) {
    case OAuthError::Reason::Redirect:
      return slackError("bad_redirect_uri");
    case OAuthError::Reason::Verifier:
      return slackError("invalid_code_verifier");
    default:
      return slackError("invalid_code");
  }
}

Reply Slack::exchanged(const Call& call, const Grant& grant) {
  const SlackIds ids(grant.consent);
  const bool rotates = call.policy.refreshToken;
  const auto tokensOf = [&](const std::string& label, const std::vector<std::string>& scopes) {
    Poco::JSON::Object json;
    if (scopes.empty()) return json;
    TokenRequest request{.scopes = scopes, .label = rotates ? label : label + "-lasting", .refresh = rotates};
    if (!rotates) request.accessTtl = 0;
    const auto tokens = parts_.ledger.issue(grant, request, call.policy);
    json =
        object({{"access_token", tokens.access}, {"token_type", label}, {"scope", joinScopes(scopes, ',')}});
    if (!rotates) return json;
    json.set("refresh_token", tokens.refresh);
    json.set("expires_in", call.policy.accessTtl);
    return json;
  };
  Poco::JSON::Object json = tokensOf("bot", grant.consent.scopes);
  if (!grant.consent.scopes.empty()) json.set("bot_user_id", ids.botUser);
  Poco::JSON::Object person = tokensOf("user", grant.consent.userScopes);
  person.set("id", ids.user);
  json.set("ok", true);
  json.set("app_id", kSlackAppId);
  json.set("team", ids.teamJson());
  json.set("enterprise", ids.enterpriseJson());
  json.set("is_enterprise_install", ids.team.empty());
  json.set("authed_user", person);
  return jsonReply(json);
}

Reply Slack::refreshed(const Call& call, const IssuedTokens& tokens) const {
  const SlackIds ids(tokens.consent);
  Poco::JSON::Object json = object({{"ok", true},
                                    {"app_id", kSlackAppId},
                                    {"access_token", tokens.access},
                                    {"token_type", tokens.label},
                                    {"scope", joinScopes(tokens.consent.scopes, ',')},
                                    {"expires_in", call.policy.accessTtl},
                                    {"refresh_token", tokens.refresh},
                                    {"team", ids.teamJson()},
                                    {"enterprise", ids.enterpriseJson()},
                                    {"is_enterprise_install", ids.team.empty()}});
  if (tokens.label == "bot") json.set("bot_user_id", ids.botUser);
  return jsonReply(json);
}

}  // namespace sandbox
