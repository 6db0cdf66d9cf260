#include <thread>

#include "api_rig.hpp"
#include "base/encoding.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::alice;
using test::ApiRig;
using test::bodyOf;
using test::FakeProvider;
using test::field;
using test::headerOf;
using test::kRootKey;
using testing::HasSubstr;
using testing::Not;

class InstallationEndpoints : public testing::Test, public ApiRig {
 protected:
  InstallationEndpoints() {
    provider->abilities.installations = true;
    InstallationFacts facts;
    facts.orgId = "org-1";
    facts.orgName = "<b>Acme</b>";
    facts.installationId = "12";
    provider->organisations.reach[alice().subject] = {facts};
  }
  using Query = std::map<std::string, std::string>;
  Response browse(const std::string& path, const Query& query, const std::string& cookie = {}) {
    Headers headers;
    if (!cookie.empty()) headers.emplace_back("Cookie", "other=1; " + cookie);
    return ask({.method = "GET", .path = path, .key = "", .query = query, .headers = headers});
  }
  /// The browser at the provider, and back.
  Response comeBack(const std::string& providersPage, const std::string& cookie = {}) {
    return browse("/oauth/callback/fake",
                  {{"state", FakeProvider::parameter(providersPage, "state")},
                   {"code", provider->consent(providersPage, alice())}},
                  cookie);
  }
  Response begin(const std::string& key = kRootKey, const Query& query = {}) {
    return ask({.method = "GET", .path = "/oauth/install/fake", .key = key, .query = query});
  }
  std::string installed() {
    EXPECT_EQ(comeBack(headerOf(begin(), "Location")).status, 200);
    return (*memory->findLivingInstallation("fake", "org-1"))->id;
  }
  static std::string cookieOf(const Response& response) {
    const auto cookie = headerOf(response, "Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
  }
  Response token(const Query& query = {}, const std::string& key = kRootKey) {
    return ask({.method = "GET", .path = "/oauth/token/fake", .key = key, .query = query});
  }
  static std::string form(const Query& fields) {
    std::string text;
    for (const auto& [name, value] : fields)
      text += (text.empty() ? "" : "&") + name + "=" + percentEncode(value);
    return text;
  }
  static Query exchange(const std::string& kind = "org_id", const std::string& subject = "org-1") {
    return {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
            {"audience", "fake"},
            {"subject_token", subject},
            {"subject_token_type", "urn:auth-gateway:token-type:" + kind}};
  }
  Response postForm(const Query& fields, const std::string& key = kRootKey, const Headers& headers = {}) {
    return ask({.path = "/oauth/token",
                .body = form(fields),
                .key = key,
                .type = "application/x-www-form-urlencoded",
                .headers = headers});
  }
};

TEST_F(InstallationEndpoints, ByKey_RedirectsToTheProviderAndStoresWhatComesBack) {
  const auto begun = begin();
  EXPECT_EQ(begun.status, 302);
  EXPECT_EQ(headerOf(begun, "Set-Cookie"), "") << "a program asked, another browser comes";
  const auto page = comeBack(headerOf(begun, "Location"));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("Installation Successful"));
  EXPECT_THAT(page.body, HasSubstr("&lt;b&gt;Acme"));  // B3
  EXPECT_THAT(page.body, Not(HasSubstr("<b>")));
}

// A1
TEST_F(InstallationEndpoints, ByTicket_BindsTheBrowser) {
  const auto ticket = post("/oauth/install/fake", R"({"org_id":"org-1"})");
  ASSERT_EQ(ticket.status, 200) << ticket.body;
  const auto url = field(ticket, "install_url");
  EXPECT_THAT(url, testing::StartsWith("https://gateway.x.com/oauth/install/fake?ticket="));
  EXPECT_EQ(field(ticket, "state_expires_at"), toRfc3339(clock.now() + 10min));
  const auto begun = browse("/oauth/install/fake", {{"ticket", FakeProvider::parameter(url, "ticket")}});
  ASSERT_EQ(begun.status, 302) << begun.body;
  EXPECT_THAT(headerOf(begun, "Set-Cookie"), HasSubstr("HttpOnly"));
  EXPECT_EQ(comeBack(headerOf(begun, "Location")).status, 400) << "another browser";
  const auto again = post("/oauth/install/fake", "");
  const auto second = browse("/oauth/install/fake",
                             {{"ticket", FakeProvider::parameter(field(again, "install_url"), "ticket")}});
  EXPECT_EQ(comeBack(headerOf(second, "Location"), cookieOf(second)).status, 200);
}

TEST_F(InstallationEndpoints, WithoutKeyAndTicket_OnlyWhereTheEntryAllowsIt) {
  EXPECT_EQ(browse("/oauth/install/fake", {}).status, 400);
  provider->configuration.allowPublicInstall = true;
  const auto begun = browse("/oauth/install/fake", {});
  ASSERT_EQ(begun.status, 302);
  EXPECT_EQ(comeBack(headerOf(begun, "Location"), cookieOf(begun)).status, 200);
  EXPECT_EQ((*memory->findLivingInstallation("fake", "org-1"))->installedBy, "public");
}

TEST_F(InstallationEndpoints, Head_UsesNothingUp) {
  const auto url = headerOf(begin(), "Location");
  EXPECT_EQ(ask({.method = "HEAD",
                 .path = "/oauth/callback/fake",
                 .key = "",
                 .query = {{"state", FakeProvider::parameter(url, "state")}, {"code", "x"}}})
                .status,
            400);
  EXPECT_EQ(comeBack(url).status, 200);
}

TEST_F(InstallationEndpoints, RedirectAfter_GetsStatusAndIdAlone) {
  const auto begun = begin(kRootKey, {{"redirect_after", "https://app.x.com/done"}});
  const auto back = comeBack(headerOf(begun, "Location"));
  EXPECT_EQ(back.status, 303);
  EXPECT_EQ(headerOf(back, "Location"), "https://app.x.com/done?status=completed&installation_id=" +
                                            (*memory->findLivingInstallation("fake", "org-1"))->id);
  EXPECT_EQ(field(begin(kRootKey, {{"redirect_after", "https://evil.x.com"}}), "error"), "invalid_redirect");
}

TEST_F(InstallationEndpoints, PostedCallback_IsReadAsAForm) {
  const auto url = headerOf(begin(), "Location");
  const auto page = ask({.path = "/oauth/callback/fake",
                         .body = form({{"state", FakeProvider::parameter(url, "state")},
                                       {"code", provider->consent(url, alice())}}),
                         .key = "",
                         .type = "application/x-www-form-urlencoded"});
  EXPECT_EQ(page.status, 200);
}

TEST_F(InstallationEndpoints, Failure_IsAPageThatSaysWhatToDo) {
  const auto page = browse("/oauth/callback/fake", {{"state", "unknown"}});
  EXPECT_EQ(page.status, 400);
  EXPECT_THAT(page.body, HasSubstr("Start again"));
  EXPECT_THAT(headerOf(page, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST_F(InstallationEndpoints, List_ShowsWhatIsThereAndNoToken) {
  const auto id = installed();
  const auto list = get("/oauth/installations");
  ASSERT_EQ(list.status, 200);
  EXPECT_THAT(list.body, HasSubstr(id));
  EXPECT_THAT(list.body, Not(HasSubstr("CANARY")));  // C6
  const auto line = bodyOf(list).at("installations").as_array().at(0).as_object();
  for (const char* name : {"id", "platform", "external_org_id", "external_org_name", "external_install_id",
                           "scopes", "permissions", "metadata", "installed_by", "status", "token_expires_at",
                           "created_at", "updated_at", "revoked_at"})
    EXPECT_TRUE(line.contains(name)) << name;
  EXPECT_EQ(field(get("/oauth/installations/" + id), "external_org_id"), "org-1");
  EXPECT_EQ(get("/oauth/installations/0b54ee4e-6a5c-4a57-b5c3-6a4f9a1d2c3e").status, 404);
}

TEST_F(InstallationEndpoints, List_WrongFilter_IsNamed) {
  for (const auto& [name, value] :
       Query{{"status", "dead"}, {"limit", "0"}, {"cursor", "x"}, {"colour", "red"}, {"org_id", "a b"}}) {
    const auto answer = ask({.method = "GET", .path = "/oauth/installations", .query = {{name, value}}});
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(bodyOf(answer).at("details").at("field"), boost::json::value(name));
  }
}

TEST_F(InstallationEndpoints, Delete_EndsItHereAndThere) {
  const auto id = installed();
  const auto ended = ask({.method = "DELETE", .path = "/oauth/installations/" + id});
  ASSERT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(field(ended, "revoked_at_provider"), "true");
  EXPECT_EQ(field(get("/oauth/installations/" + id), "status"), "revoked");
  EXPECT_EQ(token({{"org_id", "org-1"}}).status, 401);
  EXPECT_EQ(ask({.method = "DELETE", .path = "/oauth/installations/" + id}).status, 409);
}

TEST_F(InstallationEndpoints, Delete_OfADeclaredOne_IsRefused) {
  DeclaredInstallation declared;
  declared.provider = "fake";
  declared.org = "org-1";
  declared.staticToken = Secret("CANARY-static");
  directory.declared = {declared};
  const auto list = get("/oauth/installations");
  const auto line = bodyOf(list).at("installations").as_array().at(0).as_object();
  EXPECT_EQ(line.at("declared"), boost::json::value(true));
  EXPECT_THAT(list.body, Not(HasSubstr("CANARY")));
  const std::string id(line.at("id").as_string());
  EXPECT_TRUE(isUuid(id));
  EXPECT_EQ(ask({.method = "DELETE", .path = "/oauth/installations/" + id}).status, 409);
  EXPECT_EQ(field(token({{"installation_id", id}}), "access_token"), "CANARY-static");
}

TEST_F(InstallationEndpoints, Token_HasIdsAndItsEnd) {
  const auto id = installed();
  const auto answer = token({{"org_id", "org-1"}, {"min_ttl", "100"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(field(answer, "installation_id"), id);
  EXPECT_EQ(field(answer, "org_id"), "org-1");
  EXPECT_EQ(field(answer, "expires_at"), toRfc3339(clock.now() + 1h));
}

TEST_F(InstallationEndpoints, Token_OfNobody_CarriesTheLinkThatCures) {
  const auto answer = token({{"org_id", "org-1"}});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(field(answer, "error"), "not_authenticated");
  EXPECT_EQ(field(answer, "auth_required"), "true");
  const auto begun = browse("/oauth/install/fake",
                            {{"ticket", FakeProvider::parameter(field(answer, "auth_url"), "ticket")}});
  EXPECT_EQ(comeBack(headerOf(begun, "Location"), cookieOf(begun)).status, 200);
  EXPECT_EQ(token({{"org_id", "org-1"}}).status, 200);
}

TEST_F(InstallationEndpoints, Token_WrongParameters_AreNamed) {
  installed();
  for (const auto& [name, value] : Query{{"min_ttl", "-1"},
                                         {"kind", "bot"},
                                         {"colour", "red"},
                                         {"repositories", "a b"},
                                         {"permissions", "contents"},
                                         {"org_id", ""}}) {
    const auto answer = token({{name, value}});
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(bodyOf(answer).at("details").at("field"), boost::json::value(name));
  }
  EXPECT_EQ(token({{"org_id", "org-1"}, {"installation_id", "12"}}).status, 400);
}

// C1
TEST_F(InstallationEndpoints, NarrowKey_SeesAndGetsItsOwnAlone) {
  const auto id = installed();
  const auto key =
      makeKey("narrow", {{Operation::Token, Operation::List, Operation::Revoke, Operation::Consent},
                         {"fake"},
                         {"org:org-2", "*@x.com"}});
  EXPECT_EQ(token({{"org_id", "org-1"}}, key).status, 403);
  EXPECT_EQ(token({{"installation_id", "12"}}, key).status, 403);
  EXPECT_EQ(token({{"installation_id", id}}, key).status, 403);
  EXPECT_EQ(get("/oauth/installations/" + id, key).status, 403);
  EXPECT_EQ(get("/oauth/installations", key).body, R"({"installations":[],"next_cursor":null})");
  EXPECT_EQ(ask({.method = "DELETE", .path = "/oauth/installations/" + id, .key = key}).status, 403);
  EXPECT_EQ(begin(key).status, 403) << "it must say for which organisation";
  EXPECT_EQ(begin(key, {{"org_id", "org-1"}}).status, 403);
  EXPECT_EQ(begin(key, {{"org_id", "org-2"}}).status, 302);
}

TEST_F(InstallationEndpoints, StandardToken_ByJson_IsOfRfc6749) {
  installed();
  const auto answer = post("/oauth/token", R"({"provider":"fake","org_id":"org-1"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(field(answer, "token_type"), "Bearer");
  EXPECT_EQ(field(answer, "expires_in"), "3600");
  EXPECT_EQ(field(answer, "scope"), "openid email read");
  connect();
  EXPECT_EQ(post("/oauth/token", R"({"provider":"fake","user_email":"alice@x.com"})").status, 200);
  EXPECT_EQ(post("/oauth/token", R"({"provider":"fake","user_email":"alice@x.com","org_id":"org-1"})").status,
            400);
  EXPECT_EQ(post("/oauth/token", R"({"provider":"fake","org_id":7})").status, 400);
  EXPECT_EQ(post("/oauth/token", R"({"provider":"fake","is_admin":true})").status, 400);
  EXPECT_EQ(field(post("/oauth/token", R"({"provider":"fake","org_id":"org-9"})"), "auth_required"), "true");
}

TEST_F(InstallationEndpoints, StandardToken_AfterASlowRenewal_SaysHowLongItStillLives) {
  connect();
  clock.advance(3600s);
  provider->hold(FakeProvider::Call::Refresh);
  std::string lives;
  std::thread asking([&] {
    lives = field(post("/oauth/token", R"({"provider":"fake","user_email":"alice@x.com"})"), "expires_in");
  });
  provider->awaitHeld(FakeProvider::Call::Refresh);
  clock.advance(9s);
  provider->release(FakeProvider::Call::Refresh);
  asking.join();
  EXPECT_EQ(lives, "3591");
}

TEST_F(InstallationEndpoints, StandardToken_ByForm_IsTokenExchange) {
  installed();
  connect();
  EXPECT_EQ(field(postForm(exchange()), "issued_token_type"),
            "urn:ietf:params:oauth:token-type:access_token");
  EXPECT_EQ(postForm(exchange("installation_id", "12")).status, 200);
  EXPECT_EQ(postForm(exchange("user_email", "alice@x.com")).status, 200);
  auto fields = exchange();
  fields["client_id"] = "any";
  fields["client_secret"] = kRootKey;
  fields["unknown"] = "ignored";
  EXPECT_EQ(postForm(fields, "").status, 200) << "client_secret_post";
  EXPECT_EQ(postForm(fields).status, 400) << "the key twice";
  // base64 of "any:" and the root key, as HTTP Basic has it.
  std::string basic = base64UrlEncode("any:" + kRootKey, Padding::Required);
  EXPECT_EQ(postForm(exchange(), "", {{"Authorization", "Basic " + basic}}).status, 200);
}

TEST_F(InstallationEndpoints, TokenExchange_Errors_AreWordsOfRfc6749) {
  installed();
  const auto word = [&](const Query& fields, const std::string& key = kRootKey) {
    const auto answer = postForm(fields, key);
    return std::to_string(answer.status) + " " + field(answer, "error");
  };
  const auto with = [](const std::string& name, const std::string& value) {
    auto fields = exchange();
    fields[name] = value;
    return fields;
  };
  EXPECT_EQ(word(exchange(), ""), "401 invalid_client");
  EXPECT_EQ(word(exchange(), "wrong-key-0123456789abcdef0123456789"), "401 invalid_client");
  EXPECT_EQ(word(with("grant_type", "password")), "400 unsupported_grant_type");
  EXPECT_EQ(word(with("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")), "400 invalid_request");
  EXPECT_EQ(word(with("subject_token", "")), "400 invalid_request");
  EXPECT_EQ(word(with("audience", "nowhere")), "400 invalid_target");
  EXPECT_EQ(word(with("resource", "other")), "400 invalid_target");
  EXPECT_EQ(word(with("actor_token", "x")), "400 invalid_request");
  EXPECT_EQ(word(with("scope", "never_granted")), "400 invalid_scope");
  const auto absent = postForm(exchange("org_id", "org-9"));
  EXPECT_EQ(field(absent, "error"), "invalid_grant");
  EXPECT_THAT(field(absent, "auth_url"), HasSubstr("ticket="));
  const auto key = makeKey("narrow", {{Operation::Token}, {"*"}, {"org:org-2"}});
  EXPECT_EQ(word(exchange(), key), "400 unauthorized_client");
}

TEST_F(InstallationEndpoints, Refresh_RenewsButNotTwiceInThirtySeconds) {
  installed();
  const std::string body = R"({"provider":"fake","org_id":"org-1"})";
  const auto first = field(token({{"org_id", "org-1"}}), "access_token");
  EXPECT_EQ(field(post("/oauth/refresh", body), "access_token"), first) << "just issued";
  clock.advance(31s);
  const auto second = field(post("/oauth/refresh", body), "access_token");
  EXPECT_NE(second, first);
  EXPECT_EQ(field(post("/oauth/refresh", body), "access_token"), second);
}

}  // namespace
}  // namespace agw::api
