// Atlassian's Jira and Confluence, in the Cloud and as a Data Center. README.md says how to register an app,
// what its tokens are worth and what Atlassian leaves unsaid.
#include <auth_gateway/provider.hpp>

#include "delivery.hpp"
#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::Parameters;
using auth_gateway::Status;
using auth_gateway::Text;

constexpr std::uint64_t everywhere = AGW_CAN_REFRESH | AGW_CAN_REVOKE | AGW_CAN_IDENTIFY;
constexpr std::uint64_t usualCapabilities =
    everywhere | AGW_REVOKES_ACCOUNT | AGW_CAN_INSTALL | AGW_CAN_WEBHOOK;
constexpr std::string_view noSite = "Set base_url to the site's address.";
constexpr std::int64_t ninetyDays = std::int64_t{90} * 24 * 3600;

class Jira final : public auth_gateway::OAuthProvider {
  // ---- addresses and habits
  static bool isDataCenter(const Call& call) { return call.option("/deployment") == "data_center"; }
  static std::string domain(const Call& call) {
    return call.option("/deployment") == "government" ? "atlassian-us-gov-mod.com" : "atlassian.com";
  }
  static std::string address(const Call& call, std::string_view option, const std::string& otherwise) {
    std::string address(call.option(option).value_or(otherwise));
    while (!address.empty() && address.back() == '/') address.pop_back();
    return address;
  }
  static std::string apiUrl(const Call& call) {
    return address(call, "/api_url", "https://api." + domain(call));
  }
  static std::string siteUrl(const Call& call) { return address(call, "/base_url", ""); }
  static bool pkce(const Call& call) {
    return call.option("/pkce").value_or(isDataCenter(call) ? "optional" : "unsupported") == "optional";
  }

  Dialect dialect(const Call& call) const override {
    Dialect jira = isDataCenter(call) ? dataCenter(call) : cloud(call);
    jira.pkce = pkce(call);
    jira.accessTtlDefault = 3600;
    jira.refreshIdleTtl = ninetyDays;
    jira.loginHintParameter.clear();
    std::uint64_t bits = isDataCenter(call) ? everywhere : usualCapabilities;
    if (jira.pkce) bits |= AGW_CAN_PKCE;
    if (call.flag("/trust_email")) bits |= AGW_VERIFIES_EMAIL;
    jira.capabilities = bits;
    return jira;
  }

  static Dialect cloud(const Call& call) {
    const auto server = address(call, "/auth_url", "https://auth." + domain(call));
    Dialect cloud;
    cloud.authorizationUrl = server + "/authorize";
    cloud.tokenUrl = server + "/oauth/token";
    cloud.revocationUrl = server + "/oauth/revoke";
    cloud.userinfoUrl = apiUrl(call) + "/me";
    cloud.issuers = {"https://auth." + domain(call)};
    cloud.requestFormat = auth_gateway::RequestFormat::Json;
    const auto audience = call.option("/audience");
    cloud.authorizationParameters = {{"audience", audience ? std::string(*audience) : "api." + domain(call)},
                                     {"prompt", "consent"}};
    cloud.refreshGrace = 600;
    cloud.refreshPerAccount = true;  // all consents of an account are one grant
    // At the token endpoint it is the client that is refused; a person's refusal comes by the callback.
    cloud.words.denied.clear();
    cloud.words.client.emplace_back("access_denied");
    return cloud;
  }

  static Dialect dataCenter(const Call& call) {
    const auto site = siteUrl(call);
    Dialect center;
    if (site.empty()) return center;
    center.authorizationUrl = site + "/rest/oauth2/latest/authorize";
    center.tokenUrl = site + "/rest/oauth2/latest/token";
    center.revocationUrl = site + "/rest/oauth2/latest/revoke";
    center.userinfoUrl = site + "/rest/api/2/myself";
    center.issuers = {site};
    return center;
  }

  // ---- what answers mean
  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    const auto status = OAuthProvider::judge(call, dialect, stage);
    if (status == Status::RateLimited) return rateLimited(call);
    if (stage == Stage::Revoke && status != Status::Ok && cannotRevoke(call)) return Status::Unsupported;
    if (stage == Stage::Identify && status == Status::BadOption)
      return call.fail(status,
                       "It does not tell who consented: add read:me or read:jira-user to the scopes.");
    const auto story = call.plain("/error_description").value_or("");
    const bool aboutToken = story.find("refresh_token") != std::string_view::npos;
    if (stage == Stage::Refresh && status == Status::BadClient && aboutToken &&
        errorWord(call, dialect) == "unauthorized_client") {
      return Status::GrantDead;
    }
    return status;
  }

  /// Nobody documents that apps of the Cloud may revoke, so any refusal is the answer; older sites lack the
  /// page.
  static bool cannotRevoke(const Call& call) {
    const int http = call.httpStatus();
    return isDataCenter(call) ? http == 404 : http >= 400 && http < 500 && http != 408;
  }

  static Status rateLimited(Call& call) {
    if (call.header("retry-after")) return Status::RateLimited;  // the host reads it
    const auto reset = auth_gateway::utcTime(call.header("x-ratelimit-reset").value_or(""));
    const auto now = call.answerTime().value_or(call.now());
    if (reset && *reset > now) call.put(AGW_ERROR, "retry_after", std::to_string(*reset - now));
    return Status::RateLimited;
  }

  Status authorize(Call& call, const Dialect& dialect) const override {
    if (dialect.authorizationUrl.empty()) return call.fail(Status::BadOption, noSite);
    return OAuthProvider::authorize(call, dialect);
  }

  // ---- who consented
  static Status get(Call& call, const std::string& url) {
    call.url(url);
    call.requestHeader("Accept", "application/json");
    call.bearer(call.input("access_token").value_or(""));
    return call.send();
  }
  static bool lacksScope(const Call& call) { return call.httpStatus() == 401 || call.httpStatus() == 403; }

  Status identify(Call& call, const Dialect& dialect) const override {
    if (dialect.userinfoUrl.empty() || dialect.issuers.empty()) return call.fail(Status::BadOption, noSite);
    if (const auto sent = get(call, dialect.userinfoUrl); sent != Status::Ok) return sent;
    if (lacksScope(call) && !isDataCenter(call)) {
      const auto status = askAProduct(call, dialect);
      if (status != Status::Ok) return status;
    }
    if (call.httpStatus() != 200) return judge(call, dialect, Stage::Identify);
    const auto subject = firstOf(call, {"/account_id", "/accountId", "/key", "/userKey"});
    if (!subject) return call.fail(Status::Malformed, "The answer names no account.");
    const auto email = firstOf(call, {"/email", "/emailAddress"});  // a person may hide it
    call.result("issuer", dialect.issuers.front());
    call.result("subject", subject);
    call.result("email", email);
    if (email && call.flag("/trust_email")) call.result("email_verified", "true");
    return call.emit(AGW_IDENTITY);
  }

  static Text firstOf(const Call& call, std::initializer_list<std::string_view> pointers) {
    for (const auto pointer : pointers) {
      if (const auto value = call.plain(pointer)) return value;
    }
    return std::nullopt;
  }

  /// Without read:me, each product still knows its own user.
  Status askAProduct(Call& call, const Dialect& dialect) const {
    if (const auto sent = get(call, sitesUrl(call)); sent != Status::Ok) return sent;
    const auto site = call.plain("/0/id");
    if (call.httpStatus() != 200) return judge(call, dialect, Stage::Identify);
    if (!site)
      return call.fail(Status::BadOption, "No site was granted; add read:me to the scopes to do without.");
    const bool jira = call.json("/0/scopes").value_or("").find("jira") != std::string_view::npos;
    const auto id = auth_gateway::percentEncode(*site);
    return get(call, apiUrl(call) + (jira ? "/ex/jira/" + id + "/rest/api/3/myself"
                                          : "/ex/confluence/" + id + "/wiki/rest/api/user/current"));
  }

  // ---- sites
  static std::string sitesUrl(const Call& call) { return apiUrl(call) + "/oauth/token/accessible-resources"; }

  /// Each site that the consent covers, once for each product; the host joins what has the same id.
  Status installations(Call& call, const Dialect& dialect) const override {
    if (isDataCenter(call)) return Status::Unsupported;
    if (const auto sent = get(call, sitesUrl(call)); sent != Status::Ok) return sent;
    if (call.httpStatus() == 429) return judge(call, dialect, Stage::Identify);
    if (call.httpStatus() != 200) return Status::Transient;
    if (call.json("").value_or("").substr(0, 1) != "[")
      return call.fail(Status::Malformed, "The answer lists no sites.");
    for (int index = 0; call.json("/" + std::to_string(index)); ++index) {
      const auto status = emitSite(call, "/" + std::to_string(index));
      if (status != Status::Ok) return status;
    }
    return Status::Ok;
  }

  static Status emitSite(Call& call, const std::string& at) {
    const auto id = call.plain(at + "/id");
    if (!id) return call.fail(Status::Malformed, "The answer lists a site without an id.");
    std::vector<std::string> scopes;
    while (const auto scope = call.plain(at + "/scopes/" + std::to_string(scopes.size())))
      scopes.emplace_back(*scope);
    call.result("org_id", id);
    call.result("org_name", call.plain(at + "/name"));
    call.result("scopes", auth_gateway::joinScopes(scopes, " "));
    if (const auto url = call.plain(at + "/url"))
      call.result("metadata", auth_gateway::jsonObject({{"url", std::string(*url)}}));
    return call.emit(AGW_INSTALLATION);
  }

  // ---- the end
  Status revoke(Call& call, const Dialect& dialect) const override {
    Dialect asForm = dialect;
    asForm.requestFormat = auth_gateway::RequestFormat::Form;
    if (isDataCenter(call)) {
      if (const auto status = findRevocation(call, asForm); status != Status::Ok) return status;
    }
    return OAuthProvider::revoke(call, asForm);
  }

  /// The site's metadata tell the address. One elsewhere would be given the client's secret.
  static Status findRevocation(Call& call, Dialect& dialect) {
    const auto site = siteUrl(call);
    if (site.empty()) return call.fail(Status::BadOption, noSite);
    if (call.option("/revocation_url")) return Status::Ok;
    call.url(site + "/rest/oauth2/latest/.well-known/oauth-authorization-server");
    call.requestHeader("Accept", "application/json");
    if (const auto sent = call.send(); sent != Status::Ok) return sent;
    const auto told = call.httpStatus() == 200 ? call.plain("/revocation_endpoint") : std::nullopt;
    if (told && told->substr(0, site.size() + 1) == site + "/") dialect.revocationUrl = *told;
    return Status::Ok;
  }

  Status webhook(Call& call, const Dialect&) const override {
    return isDataCenter(call) ? Status::Unsupported : jira::readDelivery(call);
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Jira, "jira", "1.0.0", "Jira", usualCapabilities, optionsSchema)
