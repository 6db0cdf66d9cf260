// Slack: people's tokens and workspaces' bot tokens. README.md says how to register an app and how grants
// end.
#include <auth_gateway/provider.hpp>
#include <charconv>

#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::joinScopes;
using auth_gateway::Parameters;
using auth_gateway::splitScopes;
using auth_gateway::Status;
using auth_gateway::Text;

constexpr std::uint64_t usualCapabilities = AGW_CAN_REFRESH | AGW_CAN_REVOKE | AGW_REVOKES_ACCOUNT |
                                            AGW_CAN_IDENTIFY | AGW_CAN_INSTALL | AGW_CAN_WEBHOOK;
constexpr std::int64_t clockWindow = 300;  // seconds that an event's time may differ from ours

constexpr std::pair<std::string_view, std::string_view> hints[] = {
    {"invalid_code", "The code was used already or is too old: start again."},
    {"invalid_code_verifier", "The code was not asked for by this flow: start again."},
    {"user_email_unverified", "Confirm the e-mail address at Slack, then start again."},
    {"two_factor_setup_required", "The workspace demands two-factor sign-in: set it up at Slack."},
    {"team_access_not_granted", "An administrator must give the app access to the workspace."},
    {"access_denied", "The person or an administrator of the workspace said no."},
    {"invalid_auth", "If the app allows certain addresses only, add the gateway's."},
    {"account_inactive", "The account or its workspace is deactivated."},
    {"bad_redirect_uri", "Add the gateway's redirect URI to the app's settings, letter by letter."},
    {"pkce_not_allowed", "The app has not opted in to PKCE: remove the option pkce."},
};

void add(std::vector<std::string>& words, std::initializer_list<const char*> more) {
  words.insert(words.end(), more.begin(), more.end());
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// User ids are unique within a workspace, or within an organisation that installed the app as a whole.
std::string subjectOf(std::string_view organisation, std::string_view user) {
  return std::string(organisation) + ":" + std::string(user);
}

class Slack final : public auth_gateway::OAuthProvider {
  Dialect dialect(const Call& call) const override {
    const std::string base(call.option("/base_url").value_or("https://slack.com"));
    const bool signIn = signsIn(call);
    Dialect slack;
    slack.authorizationUrl = base + (signIn ? "/openid/connect/authorize" : "/oauth/v2/authorize");
    slack.tokenUrl = base + (signIn ? "/api/openid.connect.token" : "/api/oauth.v2.access");
    slack.revocationUrl = base + "/api/auth.revoke";
    slack.jwksUrl = base + "/openid/connect/keys";
    slack.issuers = {base};
    slack.loginHintParameter.clear();
    slack.clientAuth = auth_gateway::ClientAuth::Basic;
    // A challenge makes the app a public client for ever, if Slack takes it at all.
    slack.pkce = call.option("/pkce") == "required";
    slack.renewBefore = 2 * 3600;  // as Slack's own libraries do
    if (slack.pkce) slack.refreshIdleTtl = 30 * 24 * 3600;
    slack.capabilities = usualCapabilities | (slack.pkce ? AGW_CAN_PKCE : 0) |
                         (signIn && call.option("/team") ? AGW_VERIFIES_EMAIL : 0);
    const auto asked = call.input("org_id");
    const auto team = asked ? asked : call.option("/team");
    if (team && team->substr(0, 1) == "T")  // an organisation (E...) is chosen on Slack's page
      slack.authorizationParameters = {{"team", std::string(*team)}};
    add(slack.words.dead,
        {"invalid_refresh_token", "token_revoked", "account_inactive", "authorization_not_found"});
    add(slack.words.denied, {"invalid_code", "invalid_code_verifier", "user_email_unverified",
                             "two_factor_setup_required", "team_access_not_granted"});
    add(slack.words.client, {"bad_client_secret", "invalid_client_id", "client_id_token_mismatch",
                             "bad_redirect_uri", "oauth_authorization_url_mismatch", "pkce_not_allowed"});
    add(slack.words.option,
        {"invalid_grant_type", "no_scopes", "no_user_scopes", "invalid_post_type", "request_timeout",
         "missing_scope", "not_allowed_token_type", "cannot_install_an_org_installed_app"});
    add(slack.words.rateLimited, {"ratelimited"});
    return slack;
  }

  /// Sign in with Slack has entrances of its own; its scopes cannot be mixed with others.
  static bool signsIn(const Call& call) {
    return !call.forInstallation() && has(splitScopes(call.input("scopes").value_or("")), "openid");
  }

  static bool isOfSignIn(std::string_view scope) {
    return scope == "openid" || scope == "email" || scope == "profile";
  }

  Status authorize(Call& call, const Dialect& dialect) const override {
    std::vector<std::string> botScopes;
    if (call.forInstallation()) auth_gateway::detail::appendTexts(call, "/bot_scopes", botScopes);
    auto userScopes = splitScopes(call.input("scopes").value_or(""));
    const bool signIn = signsIn(call);
    userScopes.erase(std::remove_if(userScopes.begin(), userScopes.end(), isOfSignIn), userScopes.end());
    if (signIn && !userScopes.empty())
      return call.fail(Status::BadOption, "Slack mixes openid, email and profile with no other scope.");
    if (signIn) return OAuthProvider::authorize(call, dialect);
    if (call.forInstallation() && botScopes.empty()) {
      return call.fail(Status::BadOption, "Set bot_scopes: what a workspace's bot may do.");
    }
    Parameters query{{"client_id", std::string(call.clientId())}};
    if (!botScopes.empty()) query.emplace_back("scope", joinScopes(botScopes, ","));
    if (!userScopes.empty()) query.emplace_back("user_scope", joinScopes(userScopes, ","));
    query.emplace_back("redirect_uri", call.input("redirect_uri").value_or(""));
    query.emplace_back("state", call.input("state").value_or(""));
    if (const auto challenge = call.input("code_challenge"); challenge && dialect.pkce) {
      query.emplace_back("code_challenge", *challenge);
      query.emplace_back("code_challenge_method", "S256");
    }
    if (const auto status = addExtra(call, dialect.authorizationParameters, query); status != Status::Ok)
      return status;
    call.result("url", auth_gateway::withQuery(dialect.authorizationUrl, query));
    return Status::Ok;
  }

  /// One answer may hold a bot's token at its top and the person's beside it, each with its own clock.
  Status readToken(Call& call, const Dialect& dialect, Stage stage) const override {
    if (call.httpStatus() != 200 || errorWord(call, dialect)) return judge(call, dialect, stage);
    if (call.json("/ok") != "true") return call.fail(Status::Malformed, "The answer does not say ok.");
    const bool bot = call.json("/token_type") == "bot";
    const bool wanted = !bot || call.forInstallation() || stage == Stage::Refresh;
    const bool top = wanted && call.plain("/access_token");
    const bool person = call.plain("/authed_user/access_token").has_value();
    if (!top && !person) return call.fail(Status::Malformed, "The answer has no token that was asked for.");
    if (top) {
      if (const auto status = emitToken(call, "", bot ? "bot" : "user"); status != Status::Ok) return status;
    }
    return person ? emitToken(call, "/authed_user", "user") : Status::Ok;
  }

  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    auto status = OAuthProvider::judge(call, dialect, stage);
    const auto word = errorWord(call, dialect);
    if (status == Status::Ok || !word) return status;
    // It says nothing about the token: the caller's address may be the fault.
    if (stage == Stage::Revoke && word == "invalid_auth") status = Status::BadOption;
    for (const auto& [known, hint] : hints) {
      if (word == known) return call.fail(status, hint);
    }
    return status;
  }

  /// Without rotation this ends what the person or the workspace granted; with rotation it ends one token.
  Status revoke(Call& call, const Dialect& dialect) const override {
    const auto token = call.input("access_token");
    if (!token) return Status::Ok;
    const bool whole = call.forInstallation() && call.flag("/uninstall_app");
    const auto status = whole ? uninstall(call, dialect, *token) : endToken(call, dialect, *token);
    const auto refresh = call.input("refresh_token");
    const bool over = errorWord(call, dialect) == "token_expired";
    if (!refresh || (whole ? !over : status != Status::Ok)) return status;
    // Whether Slack takes a refresh token for revocation it does not say. Spending it ends it, too, and its
    // successor is never stored.
    Parameters form{{"grant_type", "refresh_token"}, {"refresh_token", std::string(*refresh)}};
    if (const auto sent = sendForm(call, dialect, dialect.tokenUrl, std::move(form)); sent != Status::Ok)
      return sent;
    const auto renewed = call.plain("/access_token");
    const bool spent = call.httpStatus() == 200 && call.json("/ok") == "true";
    if (!spent || (whole && !renewed)) return judge(call, dialect, Stage::Revoke);
    if (!renewed) return Status::Ok;
    return whole ? uninstall(call, dialect, *renewed) : endToken(call, dialect, *renewed);
  }

  Status endToken(Call& call, const Dialect& dialect, std::string_view token) const {
    const auto status = ask(call, dialect, "auth.revoke", token);
    return errorWord(call, dialect) == "token_expired" ? Status::Ok : status;
  }

  /// Ends the app in the whole workspace, for which the token has to live.
  Status uninstall(Call& call, const Dialect& dialect, std::string_view token) const {
    return ask(
        call, dialect, "apps.uninstall", token,
        {{"client_id", std::string(call.clientId())}, {"client_secret", std::string(call.clientSecret())}});
  }

  /// Calls a method of the Web API with a token; `Ok` when it says so.
  Status ask(Call& call, const Dialect& dialect, std::string_view method, std::string_view token,
             const Parameters& form = {}, Stage stage = Stage::Revoke) const {
    call.bearer(token);
    const auto sent = sendForm(call, dialect, methodUrl(dialect, method), form, false);
    if (sent != Status::Ok) return sent;
    return call.httpStatus() == 200 && call.json("/ok") == "true" ? Status::Ok : judge(call, dialect, stage);
  }

  static std::string methodUrl(const Dialect& dialect, std::string_view method) {
    return dialect.revocationUrl.substr(0, dialect.revocationUrl.rfind('/') + 1) + std::string(method);
  }

  Status identify(Call& call, const Dialect& dialect) const override {
    const bool signedIn = call.input("id_token").has_value();
    const auto token = call.input("access_token").value_or("");
    const auto status = signedIn ? call.verifyIdToken(dialect.issuers, dialect.jwksUrl)
                                 : ask(call, dialect, "auth.test", token, {}, Stage::Identify);
    if (status != Status::Ok) return status;
    const auto organisation = signedIn ? call.claim("/https:~1~1slack.com~1team_id") : organisationOf(call);
    const auto user = signedIn ? call.claim("/sub") : call.plain("/user_id");
    if (!organisation || !user) return call.fail(Status::Malformed, "The answer names no account.");
    const auto team = call.option("/team");
    if (team && team != organisation) {
      return call.fail(Status::Denied, "The account is not of the workspace " + std::string(*team) + ".");
    }
    call.result("issuer", dialect.issuers.front());
    call.result("subject", subjectOf(*organisation, *user));
    call.result("email", signedIn ? call.claim("/email") : mailOf(call, dialect, *user));
    // A workspace's administrators decide about its addresses: one's own is believed, a stranger's is not.
    if (signedIn && team && call.claim("/email_verified") == "true") call.result("email_verified", "true");
    return call.emit(AGW_IDENTITY);
  }

  /// Where the scopes allow it. Slack does not say whether the address of a profile was ever confirmed.
  static Text mailOf(Call& call, const Dialect& dialect, std::string_view user) {
    if (!has(splitScopes(call.input("scopes").value_or("")), "users:read.email")) return {};
    call.url(methodUrl(dialect, "users.info"));
    call.query("user", user);
    call.bearer(call.input("access_token").value_or(""));
    return call.send() == Status::Ok ? call.plain("/user/profile/email") : Text();
  }

  /// The workspace, or the organisation (Enterprise Grid) where that let the app in as a whole.
  static Text organisationOf(const Call& call) {
    const auto whole = call.plain("/enterprise_id");
    const auto team = call.plain("/team_id");
    return whole && (!team || call.json("/is_enterprise_install") == "true") ? whole : team;
  }

  Status installations(Call& call, const Dialect& dialect) const override {
    const auto token = call.input("access_token").value_or("");
    if (const auto status = ask(call, dialect, "auth.test", token, {}, Stage::Identify); status != Status::Ok)
      return status;
    const auto organisation = organisationOf(call);
    if (!organisation) return call.fail(Status::Malformed, "The answer names no workspace.");
    Parameters metadata;
    for (const auto* name :
         {"team_id", "enterprise_id", "is_enterprise_install", "app_id", "bot_id", "url"}) {
      if (const auto value = call.json("/" + std::string(name))) metadata.emplace_back(name, *value);
    }
    call.result("org_id", organisation);
    call.result("org_name", call.plain("/team"));
    // What the token may do by now: scopes add up over installations.
    if (const auto scopes = call.header("x-oauth-scopes"))
      call.result("scopes", joinScopes(splitScopes(*scopes), " "));
    call.result("metadata", auth_gateway::jsonObject(metadata));
    return call.emit(AGW_INSTALLATION);
  }

  Status webhook(Call& call, const Dialect&) const override {
    if (const auto status = checkSignature(call); status != Status::Ok) return status;
    if (!call.document("")) return call.fail(Status::Malformed, "The event is no JSON.");
    if (call.document("/type") == "url_verification") {
      call.result("status", "200");
      call.result("content_type", "text/plain");
      call.result("body", call.document("/challenge").value_or(""));
      return call.emit(AGW_REPLY);
    }
    const auto whole = call.document("/enterprise_id");
    const auto team = call.document("/team_id");
    const bool wide = whole && (!team || call.document("/authorizations/0/is_enterprise_install") == "true");
    const auto organisation = wide ? whole : team;
    const auto event = call.document("/event/type");
    if (!organisation || call.document("/type") != "event_callback") return Status::Ok;
    if (event == "app_uninstalled") return emitEvent(call, "uninstalled", *organisation, "", "");
    if (event != "tokens_revoked") return Status::Ok;
    if (call.document("/event/tokens/bot/0")) {
      const auto status = emitEvent(call, "tokens_revoked", *organisation, "bot", "");
      if (status != Status::Ok) return status;
    }
    for (std::size_t index = 0;; ++index) {  // ids of people, not tokens
      const auto user = call.document("/event/tokens/oauth/" + std::to_string(index));
      if (!user) return Status::Ok;
      const auto subject = subjectOf(*organisation, *user);
      const auto status = emitEvent(call, "tokens_revoked", *organisation, "user", subject);
      if (status != Status::Ok) return status;
    }
  }

  static Status checkSignature(Call& call) {
    const auto secret = call.webhookSecret();
    if (secret.empty()) return call.fail(Status::BadOption, "Set webhook_secret: Slack's signing secret.");
    const auto time = call.inboundHeader("X-Slack-Request-Timestamp").value_or("");
    std::int64_t sent = 0;
    const auto [end, failed] = std::from_chars(time.data(), time.data() + time.size(), sent);
    const bool number = failed == std::errc() && end == time.data() + time.size();
    if (!number || sent < call.now() - clockWindow || sent > call.now() + clockWindow)
      return call.fail(Status::Denied, "The event is too old, or a clock is wrong.");
    const auto message = "v0:" + std::string(time) + ":" + std::string(call.inboundBody());
    const auto expected = "v0=" + std::string(call.hmacSha256(secret, message));
    const auto given = call.inboundHeader("X-Slack-Signature").value_or("");
    if (auth_gateway::equalInConstantTime(given, expected)) return Status::Ok;
    return call.fail(Status::Denied, "The signature is wrong.");
  }

  /// A delivery that revokes several tokens is several events, each with a name of its own.
  static Status emitEvent(Call& call, std::string_view event, std::string_view organisation,
                          std::string_view kind, std::string_view subject) {
    call.result("event", event);
    call.result("org_id", organisation);
    if (!kind.empty()) call.result("kind", kind);
    if (!subject.empty()) call.result("subject", subject);
    call.result("at", call.document("/event_time"));
    if (const auto id = call.document("/event_id"))
      call.result("delivery", std::string(*id) + (kind.empty() ? "" : ":") +
                                  std::string(subject.empty() ? kind : subject));
    return call.emit(AGW_EVENT);
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Slack, "slack", "1.0.0", "Slack", usualCapabilities, optionsSchema)
