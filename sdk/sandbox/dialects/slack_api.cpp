#include "dialects/slack.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

std::string stateError(const std::optional<AccessToken>& token) {
  if (!token) return "invalid_auth";
  if (token->state == AccessToken::State::Expired) return "token_expired";
  if (token->state == AccessToken::State::Revoked) return "token_revoked";
  return "";
}

bool isPersonal(const AccessToken& token) {
  return token.label.rfind("user", 0) == 0;
}

}  // namespace

void Slack::addApi() {
  method("auth.test", "userinfo", [this](const Call& call, const AccessToken& token, const std::string&) {
    return test(call, token);
  });
  method("auth.revoke", "revoke",
         [this](const Call& call, const AccessToken& token, const std::string& text) {
           return revoke(call, token, text);
         });
  method("apps.uninstall", "revoke", [this](const Call& call, const AccessToken& token, const std::string&) {
    return uninstall(call, token);
  });
  method("users.info", "userinfo", [this](const Call& call, const AccessToken& token, const std::string&) {
    return user(call, token);
  });
  method("team.info", "api", [](const Call&, const AccessToken& token, const std::string&) {
    const SlackIds ids(token.consent);
    return jsonReply(object({{"ok", true}, {"team", ids.teamJson()}}));
  });
}

void Slack::method(const std::string& name, const std::string& endpoint, Method method) {
  on("GET POST", "/api/" + name, endpoint, [this, method = std::move(method)](const Call& call) {
    std::string text = bearerToken(call.request);
    if (text.empty()) text = call.body().get("token");
    if (text.empty()) return slackError("not_authed");
    const auto token = parts_.ledger.find(text);
    if (const std::string error = stateError(token); !error.empty()) return slackError(error);
    Reply reply = method(call, *token, text);
    reply.headers.emplace_back("x-oauth-scopes", joinScopes(token->consent.scopes, ','));
    return reply;
  });
}

Reply Slack::test(const Call&, const AccessToken& token) const {
  const SlackIds ids(token.consent);
  const bool person = isPersonal(token);
  Poco::JSON::Object json =
      object({{"ok", true},
              {"url", "https://" + token.consent.organisations.front() + ".slack.example/"},
              {"team", ids.team.empty() ? ids.enterpriseName : ids.teamName},
              {"user", person ? loginOf(token.consent.account) : std::string("sandbox_app")},
              {"team_id", ids.team.empty() ? ids.enterprise : ids.team},
              {"user_id", person ? ids.user : ids.botUser},
              {"is_enterprise_install", ids.team.empty()},
              {"app_id", kSlackAppId}});
  if (!person) json.set("bot_id", ids.bot);
  if (!ids.enterprise.empty()) json.set("enterprise_id", ids.enterprise);
  if (token.expiresAt != 0) json.set("expires_in", token.expiresAt - parts_.clock.now());
  return jsonReply(json);
}

Reply Slack::revoke(const Call& call, const AccessToken& token, const std::string& text) {
  const std::string dry = call.posts() ? call.body().get("test") : call.query().get("test");
  const bool really = dry != "1" && dry != "true";
  if (really && call.policy.refreshToken) {
    parts_.ledger.endToken(text);
  } else if (really) {
    parts_.ledger.endFamily(token.family);  // without rotation the authorization itself ends
  }
  return jsonReply(object({{"ok", true}, {"revoked", really}}));
}

Reply Slack::uninstall(const Call& call, const AccessToken& token) {
  const Parameters form = call.posts() ? call.body() : call.query();
  const Client* client = call.policy.client(form.get("client_id"));
  if (client == nullptr) return slackError("invalid_client_id");
  if (!sameSecret(client->secret, form.get("client_secret"))) return slackError("bad_client_secret");
  if (client->id != token.consent.clientId) return slackError("client_id_token_mismatch");
  for (const auto& organisation : token.consent.organisations) parts_.ledger.leaveOrganisation(organisation);
  return jsonReply(object({{"ok", true}}));
}

Reply Slack::user(const Call& call, const AccessToken& token) const {
  const auto& scopes = token.consent.scopes;
  if (!hasScope(scopes, "users:read")) {
    return jsonReply(object({{"ok", false},
                             {"error", "missing_scope"},
                             {"needed", "users:read"},
                             {"provided", joinScopes(scopes, ',')}}));
  }
  const SlackIds ids(token.consent);
  const std::string wanted = call.posts() ? call.body().get("user") : call.query().get("user");
  if (wanted != ids.user) return slackError("user_not_found");
  const Account account = accountFor(token.consent.account);
  Poco::JSON::Object profile = object({{"real_name", account.name}});
  if (hasScope(scopes, "users:read.email")) profile.set("email", account.email);
  return jsonReply(object({{"ok", true},
                           {"user", object({{"id", ids.user},
                                            {"team_id", ids.team},
                                            {"name", loginOf(account.email)},
                                            {"is_email_confirmed", account.verified},
                                            {"profile", profile}})}}));
}

std::vector<Action> Slack::actions() const {
  using About = Action::About;
  return {{.about = About::Account, .name = "withdraw", .label = "Remove access"},
          {.about = About::Organisation, .name = "uninstall", .label = "Uninstall"},
          {.about = About::Nothing, .name = "url_verification", .label = "Verify the address"}};
}

Delivery Slack::signedDelivery(const std::string& name, const Poco::JSON::Object& body,
                               const Policy& policy) const {
  Delivery delivery{.event = name, .body = toText(body), .headers = {}};
  const std::string time = std::to_string(parts_.clock.now());
  delivery.headers = {{"X-Slack-Request-Timestamp", time},
                      {"X-Slack-Signature",
                       "v0=" + hex(hmacSha256(policy.webhookSecret, "v0:" + time + ":" + delivery.body))}};
  return delivery;
}

Delivery Slack::eventOf(const Consent& consent, const Poco::JSON::Object& event, const Policy& policy) const {
  const SlackIds ids(consent);
  return signedDelivery(
      event.get("type").toString(),
      object({{"token", "ignored"},
              {"team_id", orNull(ids.team)},
              {"enterprise_id", orNull(ids.enterprise)},
              {"api_app_id", kSlackAppId},
              {"event", event},
              {"type", "event_callback"},
              {"event_id", "Ev" + randomLetters(10, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")},
              {"event_time", parts_.clock.now()}}),
      policy);
}

std::vector<Delivery> Slack::happen(const Event& event, const Call& call) {
  const Policy& policy = call.policy;
  if (event.name == "url_verification") {
    return {signedDelivery(
        event.name, object({{"token", "ignored"}, {"challenge", randomLetters(52)}, {"type", event.name}}),
        policy)};
  }
  const bool uninstalls = event.name == "uninstall";
  if (!uninstalls && event.name != "withdraw") {
    throw BadControl("event must be one of: withdraw, uninstall, url_verification");
  }
  std::vector<Delivery> deliveries;
  std::optional<Consent> installed;
  for (const auto& consent : parts_.ledger.living()) {
    const bool meant =
        uninstalls ? hasScope(consent.organisations, event.organisation) : consent.account == event.account;
    if (!meant) continue;
    installed = consent;
    const SlackIds ids(consent);
    std::vector<std::string> people;
    std::vector<std::string> bots;
    if (!consent.userScopes.empty()) people.push_back(ids.user);
    if (!consent.scopes.empty()) bots.push_back(ids.botUser);
    // The values are ids of users, not tokens.
    deliveries.push_back(
        eventOf(consent,
                object({{"type", "tokens_revoked"},
                        {"tokens", object({{"oauth", array(people)}, {"bot", array(bots)}})}}),
                policy));
  }
  if (!uninstalls) {
    parts_.ledger.withdraw(event.account);
    return deliveries;
  }
  if (!installed) throw BadControl("organisation: the app is not installed there");
  parts_.ledger.leaveOrganisation(event.organisation);
  deliveries.push_back(eventOf(*installed, object({{"type", "app_uninstalled"}}), policy));
  return deliveries;
}

}  // namespace sandbox
