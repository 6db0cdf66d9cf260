// GitHub: people's grants of GitHub Apps and OAuth Apps, and GitHub Apps' installations; github.com, GHE.com
// and Enterprise Server. README.md says how to register an app and what its tokens are worth.
#include <auth_gateway/provider.hpp>

#include "app.hpp"
#include "options_schema.hpp"
#include "rest.hpp"

namespace {

using namespace github;
using auth_gateway::Dialect;

constexpr std::uint64_t usualCapabilities = AGW_CAN_PKCE | AGW_CAN_REFRESH | AGW_CAN_REVOKE |
                                            AGW_CAN_IDENTIFY | AGW_VERIFIES_EMAIL | AGW_REVOKES_ACCOUNT |
                                            AGW_CAN_INSTALL | AGW_CAN_MINT | AGW_CAN_DEVICE | AGW_CAN_WEBHOOK;

class GitHub final : public auth_gateway::OAuthProvider {
  // ---- addresses and habits
  /// The other kind is an OAuth App: it has scopes instead of permissions, and no installations.
  static bool isApp(const Call& call) { return call.option("/app_slug") || call.option("/app_id"); }

  Dialect dialect(const Call& call) const override {
    const auto base = baseUrl(call);
    const auto client = apiUrl(call, "/applications/") + auth_gateway::percentEncode(call.clientId());
    Dialect github;
    github.authorizationUrl = base + "/login/oauth/authorize";
    github.tokenUrl = base + "/login/oauth/access_token";
    github.revocationUrl = client + (revokesGrant(call) ? "/grant" : "/token");
    github.deviceAuthorizationUrl = base + "/login/device/code";
    github.userinfoUrl = apiUrl(call, "/user");
    github.issuers = {base + "/login/oauth"};
    github.loginHintParameter = "login";
    github.authenticateDevice = false;
    if (call.option("/allow_signup") == "false")
      github.authorizationParameters.emplace_back("allow_signup", "false");
    if (call.flag("/select_account")) github.authorizationParameters.emplace_back("prompt", "select_account");
    github.words.dead = {"bad_refresh_token"};
    github.words.denied = {"access_denied", "bad_verification_code", "incorrect_device_code",
                           "unverified_user_email"};
    github.words.client = {"incorrect_client_credentials", "redirect_uri_mismatch", "application_suspended"};
    github.words.option = {"unsupported_grant_type", "device_flow_disabled"};
    github.words.expired = {"expired_token", "token_expired"};
    github.capabilities = capabilities(call);
    return github;
  }

  static bool revokesGrant(const Call& call) { return call.option("/revoke") != "token"; }

  static std::uint64_t capabilities(const Call& call) {
    auto bits = usualCapabilities;
    if (call.option("/pkce") == "unsupported") bits &= ~AGW_CAN_PKCE;
    if (!revokesGrant(call)) bits &= ~AGW_REVOKES_ACCOUNT;
    if (!isApp(call)) bits &= ~(AGW_CAN_INSTALL | AGW_CAN_MINT | AGW_CAN_WEBHOOK);
    if (!call.option("/app_slug") && !call.option("/installation_url")) bits &= ~AGW_CAN_INSTALL;
    return bits;
  }

  /// Asks for tokens that end. No answer has it among its scopes.
  std::string answeredScope(std::string_view asked) const override {
    return asked == "offline_access" ? std::string() : std::string(asked);
  }

  // ---- what answers mean
  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    if (isRateLimited(call)) return rateLimited(call);
    if (stage == Stage::Identify && call.httpStatus() != 200) return Status::Transient;
    const auto status = OAuthProvider::judge(call, dialect, stage);
    const auto word = errorWord(call, dialect);
    if (word == "bad_verification_code")
      return call.fail(status, "The code was used already or is too old: start again.");
    if (word == "unverified_user_email")
      return call.fail(status, "The account's primary e-mail address has to be verified at GitHub first.");
    if (word == "device_flow_disabled")
      return call.fail(status, "Enable the device flow in the app's settings.");
    if (word == "application_suspended") return call.fail(status, "GitHub has suspended the app.");
    return status;
  }

  // ---- people
  Status authorize(Call& call, const Dialect& dialect) const override {
    if (call.forInstallation()) {
      const auto url = installationUrl(call);
      if (url.empty())
        return call.fail(Status::BadOption, "Set app_slug: only a GitHub App can be installed.");
      call.result("url",
                  auth_gateway::withQuery(url, {{"state", std::string(call.input("state").value_or(""))}}));
      return Status::Ok;
    }
    return OAuthProvider::authorize(call, dialect);
  }

  Status identify(Call& call, const Dialect& dialect) const override {
    const auto token = call.input("access_token").value_or("");
    if (const auto sent = getAs(call, token, dialect.userinfoUrl); sent != Status::Ok) return sent;
    if (call.httpStatus() != 200) return judge(call, dialect, Stage::Identify);
    const auto id = call.plain("/id");
    if (!id) return call.fail(Status::Malformed, "The answer names no account.");
    const auto shown = call.plain("/email");  // the person's own choice, which nobody vouches for
    if (const auto sent = getAs(call, token, dialect.userinfoUrl + "/emails"); sent != Status::Ok)
      return sent;
    if (isRateLimited(call) || call.httpStatus() >= 500) return judge(call, dialect, Stage::Identify);
    const auto verified = call.httpStatus() == 200 ? verifiedPrimary(call) : std::nullopt;
    call.result("issuer", dialect.issuers.front());
    call.result("subject", id);
    call.result("email", verified ? verified : shown);
    if (verified) call.result("email_verified", "true");
    return call.emit(AGW_IDENTITY);
  }

  static Text verifiedPrimary(const Call& call) {
    for (int index = 0;; ++index) {
      const auto entry = "/" + std::to_string(index);
      const auto email = call.plain(entry + "/email");
      if (!email) return std::nullopt;
      if (call.json(entry + "/primary") == "true" && call.json(entry + "/verified") == "true") return email;
    }
  }

  Status revoke(Call& call, const Dialect& dialect) const override {
    if (call.forInstallation() && call.input("installation_id")) return uninstall(call);
    const auto access = call.input("access_token");
    if (access) {
      const auto ended = endToken(call, dialect, *access);
      if (ended != Status::Absent) return ended;
    }
    // An access token that is over names its grant no more; a refresh token that works still does.
    if (!call.input("refresh_token") || !revokesGrant(call)) return Status::Ok;
    const Parameters form{{"grant_type", "refresh_token"},
                          {"refresh_token", std::string(*call.input("refresh_token"))}};
    if (const auto sent = sendForm(call, dialect, dialect.tokenUrl, form); sent != Status::Ok) return sent;
    const auto renewed = call.field("access_token");
    if (!renewed || errorWord(call, dialect)) {
      const auto status = judge(call, dialect, Stage::Refresh);
      return status == Status::GrantDead ? Status::Ok : status;
    }
    const auto ended = endToken(call, dialect, *renewed);
    return ended == Status::Absent ? Status::Ok : ended;
  }

  /// `Absent`: GitHub does not know the token.
  Status endToken(Call& call, const Dialect& dialect, std::string_view token) const {
    if (const auto sent = sendToken(call, "DELETE", dialect.revocationUrl, token); sent != Status::Ok)
      return sent;
    const int http = call.httpStatus();
    if (http >= 200 && http < 300) return Status::Ok;
    if (http != 404 && http != 422) return judgeClient(call, dialect);
    const auto tokens = dialect.revocationUrl.substr(0, dialect.revocationUrl.rfind('/')) + "/token";
    if (const auto sent = sendToken(call, "POST", tokens, token); sent != Status::Ok) return sent;
    return call.httpStatus() == 404 && call.plain("/message") ? Status::Absent : judgeClient(call, dialect);
  }

  static Status sendToken(Call& call, std::string_view method, std::string_view url, std::string_view token) {
    address(call, method, url);
    call.basic(call.clientId(), call.clientSecret());
    call.body("application/json", auth_gateway::jsonObject({{"access_token", std::string(token)}}));
    return call.send();
  }

  Status judgeClient(Call& call, const Dialect& dialect) const {
    if (call.httpStatus() == 401 && call.plain("/message")) return Status::BadClient;
    const auto status = judge(call, dialect, Stage::Revoke);
    return status == Status::Malformed ? Status::Transient : status;
  }

  // ---- installations
  /// After the installation: with a code where the app asks for authorization then, else the person is sent
  /// to give it, for the installation that the redirect names is a claim.
  Status callback(Call& call, const Dialect& dialect) const override {
    if (call.parameter("error")) return OAuthProvider::callback(call, dialect);
    if (call.parameter("setup_action") == "request") {  // a code may come along; there is no installation
      return call.fail(Status::Denied,
                       "An owner of the organisation has to approve the request; then start again.");
    }
    if (call.parameter("code") || !call.parameter("installation_id"))
      return OAuthProvider::callback(call, dialect);
    return OAuthProvider::authorize(call, dialect);
  }

  Status exchange(Call& call, const Dialect& dialect) const override {
    if (!call.forInstallation()) return OAuthProvider::exchange(call, dialect);
    Dialect without = dialect;  // the installation's address takes no challenge
    without.pkce = false;
    return OAuthProvider::exchange(call, without);
  }

  // An OAuth App has none of these.
  Status installations(Call& call, const Dialect&) const override {
    return isApp(call) ? claimedInstallation(call) : Status::Unsupported;
  }
  Status installationToken(Call& call, const Dialect&) const override {
    return isApp(call) ? mintToken(call) : Status::Unsupported;
  }
  Status webhook(Call& call, const Dialect&) const override {
    return isApp(call) ? readEvent(call) : Status::Unsupported;
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(GitHub, "github", "1.0.0", "GitHub", usualCapabilities, optionsSchema)
