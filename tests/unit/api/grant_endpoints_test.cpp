#include "api_rig.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::ApiRig;
using test::bodyOf;
using test::FakeProvider;
using test::field;
using test::headerOf;
using test::kAlice;
using test::subject;
using testing::HasSubstr;
using testing::Not;

class GrantEndpoints : public testing::Test, public ApiRig {
 protected:
  Response token(const std::string& extra = "", const std::string& key = test::kRootKey) {
    return post("/auth/token", R"({"provider":"fake","user_email":"alice@x.com")" + extra + "}", key);
  }
  Response revokeAlice() { return ask({.method = "DELETE", .path = "/auth/revoke", .body = subject()}); }
};

TEST_F(GrantEndpoints, Token_IsTheLivingOneWithItsFacts) {
  connect();
  const auto response = token();
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(field(response, "access_token"), stored().access);
  EXPECT_EQ(field(response, "token_type"), "Bearer");
  EXPECT_EQ(field(response, "expires_at"), toRfc3339(clock.now() + 1h));
  EXPECT_EQ(field(response, "refresh_after"), toRfc3339(clock.now() + 55min));
  EXPECT_TRUE(bodyOf(response).at("scopes").is_array());
  EXPECT_FALSE(bodyOf(response).contains("degraded"));
  EXPECT_TRUE(response.noStore);
}

// C6
TEST_F(GrantEndpoints, RefreshToken_IsNeverInAnAnswer) {
  connect();
  const auto refresh = stored().refresh;
  for (const auto& response :
       {token(), get("/auth/providers/alice@x.com"), get("/providers"), revokeAlice()}) {
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, Not(HasSubstr(refresh)));
  }
  for (const auto& line : log.lines()) EXPECT_THAT(line, Not(HasSubstr("CANARY")));
}

TEST_F(GrantEndpoints, EmailInAnotherCase_IsTheSameOwner) {
  connect();
  EXPECT_EQ(post("/auth/token", subject("ALICE@X.COM")).status, 200);
}

TEST_F(GrantEndpoints, TokenWithoutEnd_HasNullTimes) {
  provider->rules.accessLife.reset();
  provider->rules.ttlDefault.reset();
  connect();
  const auto response = token();
  EXPECT_EQ(field(response, "expires_at"), "null");
}

TEST_F(GrantEndpoints, BadFields_AreNamed) {
  connect();
  for (const auto& [extra, name] :
       std::vector<std::pair<std::string, std::string>>{{R"(,"min_ttl":-1)", "min_ttl"},
                                                        {R"(,"min_ttl":86401)", "min_ttl"},
                                                        {R"(,"min_ttl":"60")", "min_ttl"},
                                                        {R"(,"min_ttl":1.5)", "min_ttl"},
                                                        {R"(,"force_refresh":1)", "force_refresh"},
                                                        {R"(,"scopes":["a\\b"])", "scopes"},
                                                        {R"(,"org_id":"x")", "org_id"}}) {
    const auto response = token(extra);
    EXPECT_EQ(response.status, 400) << extra;
    EXPECT_EQ(bodyOf(response).at("details").at("field"), boost::json::value(name));
  }
  EXPECT_EQ(token(R"(,"min_ttl":0)").status, 200);
}

TEST_F(GrantEndpoints, MinTtlBeyondTheTokensLife_RenewsIt) {
  connect();
  const auto before = stored().access;
  clock.advance(58min);
  const auto response = token(R"(,"min_ttl":600)");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(field(response, "access_token"), before);
}

TEST_F(GrantEndpoints, NoGrant_TellsWhereToConsent) {
  const auto response = token();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(field(response, "error"), "not_authenticated");
  EXPECT_EQ(field(response, "message"), "No credentials found for alice@x.com. Please authenticate.");
  EXPECT_EQ(field(response, "auth_required"), "true");
  EXPECT_EQ(field(response, "expires_at"), toRfc3339(clock.now() + 15min));
  CallbackParameters parameters;
  parameters.state = FakeProvider::parameter(field(response, "auth_url"), "state");
  parameters.code = provider->consent(field(response, "auth_url"), test::alice());
  EXPECT_EQ(callback(parameters).status, 200);
  EXPECT_EQ(field(get("/auth/status/" + field(response, "session_id"), ""), "status"), "completed");
  EXPECT_EQ(token().status, 200);
}

// C10
TEST_F(GrantEndpoints, NoGrantAskedForTwice_GivesOneLink) {
  const auto first = token();
  const auto second = token();
  EXPECT_EQ(field(second, "auth_url"), field(first, "auth_url"));
  EXPECT_EQ(field(second, "session_id"), field(first, "session_id"));
  EXPECT_NE(field(token(R"(,"scopes":["b"])"), "auth_url"), field(first, "auth_url"));
}

TEST_F(GrantEndpoints, KeyThatMayNotConsent_GetsNoLink) {
  const auto key = makeKey("reader", {{Operation::Token}, {"*"}, {"*"}});
  const auto response = token("", key);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(field(response, "auth_required"), "true");
  EXPECT_FALSE(bodyOf(response).contains("auth_url"));
  EXPECT_FALSE(bodyOf(response).contains("session_id"));
}

TEST_F(GrantEndpoints, DeadGrant_TellsWhereToConsent) {
  connect();
  provider->removeAccess("subject-alice");
  provider->failAlways(FakeProvider::Call::Refresh, test::deadGrant());
  clock.advance(2h);
  const auto response = token();
  EXPECT_EQ(response.status, 401) << response.body;
  EXPECT_EQ(field(response, "error"), "refresh_failed");
  EXPECT_EQ(field(response, "message"), "Refresh token expired. Please re-authenticate.");
  EXPECT_THAT(field(response, "auth_url"), HasSubstr("state="));
  EXPECT_THAT(get("/auth/providers/alice@x.com").body, HasSubstr(R"("status":"needs_consent")"));
}

TEST_F(GrantEndpoints, MissingScopes_AreNamedAndAskedForTogetherWithTheOldOnes) {
  provider->configuration.scopes = {"a", "b"};
  connect();
  const auto response = token(R"(,"scopes":["b","c"])");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(field(response, "error"), "missing_scopes");
  EXPECT_EQ(field(response, "missing"), R"(["c"])");
  EXPECT_EQ(field(response, "granted"), R"(["a","b"])");
  EXPECT_EQ(FakeProvider::parameter(field(response, "auth_url"), "scope"), "a b c");
}

// C7: rather an error than a dead token.
TEST_F(GrantEndpoints, ProviderAwayAndTokenOver_Is503WithAWait) {
  connect();
  provider->failAlways(FakeProvider::Call::Refresh, test::notReached());
  clock.advance(59min);
  EXPECT_EQ(field(token(R"(,"min_ttl":0)"), "access_token"), stored().access);
  clock.advance(2min);
  const auto response = token();
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_EQ(field(response, "error"), "provider_unavailable");
  EXPECT_NE(headerOf(response, "Retry-After"), "");
}

TEST_F(GrantEndpoints, Providers_ListsTheGrantsOfAUser) {
  connect();
  const auto response = get("/auth/providers/ALICE@x.com");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(field(response, "user_email"), kAlice);
  const auto body = bodyOf(response);
  const auto& lines = body.at("providers").as_array();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("provider"), "fake");
  EXPECT_EQ(lines[0].at("status"), "active");
  EXPECT_EQ(lines[0].at("authenticated_at"), boost::json::value(toRfc3339(clock.now())));
  EXPECT_EQ(lines[0].at("token_expires_at"), boost::json::value(toRfc3339(clock.now() + 1h)));
  EXPECT_EQ(lines[0].as_object().size(), 5U);
}

// J6
TEST_F(GrantEndpoints, ListOfAUserWithoutGrants_IsEmptyAndNotAnError) {
  const auto response = get("/auth/providers/bob@x.com");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"user_email":"bob@x.com","providers":[]})");
}

TEST_F(GrantEndpoints, ListForAKeyOfOtherProviders_LeavesTheGrantOut) {
  connect();
  const auto key = makeKey("other", {{Operation::List}, {"other"}, {"*"}});
  EXPECT_EQ(get("/auth/providers/alice@x.com", key).body, R"({"user_email":"alice@x.com","providers":[]})");
}

// C13
TEST_F(GrantEndpoints, EmailInThePathThatIsNone_IsRefused) {
  for (const char* text :
       {"alice", "alice@x", "%61lice@x.com%00", "alice%40x.com", "a b@x.com", "alice@x.com,bob@x.com"}) {
    EXPECT_EQ(get(std::string("/auth/providers/") + text).status, 400) << text;
  }
  EXPECT_EQ(get("/auth/providers/" + std::string(300, 'a') + "@x.com").status, 400);
}

TEST_F(GrantEndpoints, Revoke_EndsTheGrantAtOnceAndAtTheProvider) {
  connect();
  const auto response = revokeAlice();
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(field(response, "success"), "true");
  EXPECT_EQ(field(response, "message"), "Credentials revoked for alice@x.com (fake)");
  EXPECT_EQ(field(response, "revoked_at_provider"), "true");
  EXPECT_EQ(token().status, 401);
  EXPECT_EQ(revokeAlice().status, 404);
  EXPECT_TRUE(provider->livingPairs().empty());
}

TEST_F(GrantEndpoints, RevokeByQuery_DoesTheSame) {
  connect();
  const auto by = [&](std::map<std::string, std::string> query) {
    return ask({.method = "DELETE", .path = "/auth/revoke", .query = std::move(query)}).status;
  };
  EXPECT_EQ(by({{"provider", "fake"}}), 400);
  EXPECT_EQ(by({{"provider", "fake"}, {"user_email", kAlice}, {"force", "1"}}), 400);
  EXPECT_EQ(by({{"provider", "fake"}, {"user_email", kAlice}}), 200);
  EXPECT_EQ(by({{"provider", "fake"}, {"user_email", kAlice}}), 404);
}

TEST_F(GrantEndpoints, RevokeByBodyAndQuery_IsRefused) {
  connect();
  EXPECT_EQ(
      ask({.method = "DELETE", .path = "/auth/revoke", .body = subject(), .query = {{"provider", "fake"}}})
          .status,
      400);
  EXPECT_EQ(token().status, 200);
}

TEST_F(GrantEndpoints, ProviderThatCannotRevokeNow_IsToldInANote) {
  connect();
  provider->failAlways(FakeProvider::Call::Revoke, test::notReached());
  const auto response = revokeAlice();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(field(response, "revoked_at_provider"), "false");
  EXPECT_NE(field(response, "note"), "(none)");
}

TEST_F(GrantEndpoints, StorageAway_Is503AndNeverAGuess) {
  connect();
  storage.failAll();
  for (const auto& response :
       {token(), revokeAlice(), get("/auth/providers/alice@x.com"), post("/auth/init", subject())}) {
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_EQ(field(response, "error"), "unavailable");
    EXPECT_NE(headerOf(response, "Retry-After"), "");
  }
}

}  // namespace
}  // namespace agw::api
