// C10, C11: what is limited, by whom it is counted, and what a refusal looks like.
#include <gtest/gtest.h>

#include "api_rig.hpp"

namespace agw::api {
namespace {

using test::bodyOf;
using test::field;
using test::headerOf;

class LimitsTest : public testing::Test, public test::ApiRig {
 protected:
  Response ask(const std::string& method, const std::string& path, const std::string& key,
               const std::string& peer, const std::string& body = {}) {
    Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.peer = peer;
    request.requestId = "request-1";
    if (!key.empty()) request.headers.emplace_back("X-API-Key", key);
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    return router->route(request);
  }
  /// Token exchange by form, for a user without a grant.
  Response exchange(const std::string& key) {
    return ApiRig::ask(
        {.path = "/oauth/token",
         .body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=fake"
                 "&subject_token=alice%40x.com&subject_token_type=urn%3Aauth-gateway%3Atoken-type%3A"
                 "user_email&client_secret=" +
                 key,
         .key = "",
         .type = "application/x-www-form-urlencoded"});
  }
  void letIn() {
    provider->abilities.installations = true;
    provider->configuration.installRedirectUri = "https://gateway.x.com/oauth/callback/fake";
  }
  Response token(const std::string& key, const std::string& peer = "192.0.2.1") {
    return ask("POST", "/auth/token", key, peer, test::subject());
  }
};

TEST_F(LimitsTest, WrongKeysOfOnePeer_AreToldToWaitBeforeTheStorageIsAsked) {
  serveUnder({.perPeer = 2});
  EXPECT_EQ(token("wrong-1").status, 403);
  EXPECT_EQ(token("wrong-2").status, 403);
  const int calls = storage.calls();
  const auto refused = token("wrong-3");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(field(refused, "error"), "rate_limited");
  EXPECT_EQ(headerOf(refused, "Retry-After"), "30");
  EXPECT_EQ(storage.calls(), calls);
  EXPECT_EQ(token("wrong-4", "192.0.2.2").status, 403) << "another peer";
  EXPECT_EQ(counted.value("auth_gateway_rate_limited_total", {{"limit", "peer"}}), 1);
  EXPECT_EQ(counted.value("auth_gateway_api_key_refusals_total"), 3);
}

TEST_F(LimitsTest, OneCustomersIpv6Addresses_AreOnePeer) {
  serveUnder({.perPeer = 1});
  EXPECT_EQ(ask("GET", "/health/live", "", "2001:db8:1:1::1").status, 200);
  EXPECT_EQ(ask("GET", "/health/live", "", "2001:db8:1:1:ffff::2").status, 429);
  EXPECT_EQ(ask("GET", "/health/live", "", "2001:db8:1:2::1").status, 200);
}

TEST_F(LimitsTest, PeerAtItsLimit_IsStillServedWithAValidKey) {
  letIn();
  serveUnder({.perPeer = 1});
  EXPECT_EQ(ask("GET", "/health/live", "", "192.0.2.1").status, 200);
  EXPECT_EQ(ask("GET", "/health/live", "", "192.0.2.1").status, 429);
  EXPECT_EQ(token(test::kRootKey).status, 401) << "no grant, but let in";
  EXPECT_EQ(ask("POST", "/oauth/token", test::kRootKey, "192.0.2.1", test::subject()).status, 401);
  EXPECT_EQ(exchange(test::kRootKey).status, 400) << "RFC 6749's word for it";
  EXPECT_EQ(ask("GET", "/oauth/install/fake", test::kRootKey, "192.0.2.1").status, 302);
}

TEST_F(LimitsTest, WrongKeysByForm_AreLimitedInTheWordsOfTheStandard) {
  serveUnder({.perPeer = 1});
  EXPECT_EQ(field(exchange("wrong-1"), "error"), "invalid_client");
  const auto refused = exchange("wrong-2");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(field(refused, "error"), "temporarily_unavailable");
  EXPECT_EQ(headerOf(refused, "Retry-After"), "60");
}

TEST_F(LimitsTest, StandardToken_IsItsKeysRequest) {
  serveUnder({.perKey = 3});
  EXPECT_EQ(ask("POST", "/oauth/token", test::kRootKey, "192.0.2.1", test::subject()).keyId, "root");
  EXPECT_EQ(exchange(test::kRootKey).keyId, "root");
  EXPECT_EQ(ask("GET", "/oauth/install/fake", test::kRootKey, "192.0.2.1").keyId, "root");
  EXPECT_EQ(exchange(test::kRootKey).status, 429);
}

TEST_F(LimitsTest, InstallLinks_AreLimitedWithTheConsentLinks) {
  letIn();
  serveUnder({.consents = 2});
  EXPECT_EQ(ask("POST", "/oauth/install/fake", test::kRootKey, "192.0.2.1").status, 200);
  EXPECT_EQ(ask("GET", "/oauth/install/fake", test::kRootKey, "192.0.2.1").status, 302);
  EXPECT_EQ(ask("POST", "/oauth/install/fake", test::kRootKey, "192.0.2.1").status, 429);
  EXPECT_EQ(ask("GET", "/oauth/install/fake", test::kRootKey, "192.0.2.1").status, 429);
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 429);
}

// Whoever comes back from a provider sits at a browser.
TEST_F(LimitsTest, PeoplePastTheLimit_GetAPageThatSaysWhenToComeBack) {
  for (const char* path : {"/auth/callback/fake", "/oauth/callback/fake", "/oauth/install/fake"}) {
    serveUnder({.perPeer = 1});
    EXPECT_NE(ask("GET", path, "", "192.0.2.1").status, 429) << path;
    const auto page = ask("GET", path, "", "192.0.2.1");
    EXPECT_EQ(page.status, 429) << path;
    EXPECT_EQ(page.contentType, "text/html; charset=utf-8") << path;
    EXPECT_EQ(headerOf(page, "Retry-After"), "60") << path;
  }
}

TEST_F(LimitsTest, PeopleThatCameLateOrWithADoubledParameter_GetAPage) {
  for (const char* path : {"/auth/callback/fake", "/oauth/callback/fake", "/oauth/install/fake"}) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.requestId = "request-1";
    request.late = true;
    const auto late = router->route(request);
    EXPECT_EQ(late.status, 503) << path;
    EXPECT_EQ(headerOf(late, "Retry-After"), "1") << path;
    request.late = false;
    request.queryFault = Error{.kind = ErrorKind::InvalidRequest, .message = "'state' is there twice."};
    const auto doubled = router->route(request);
    EXPECT_EQ(doubled.status, 400) << path;
    for (const auto* page : {&late, &doubled}) EXPECT_EQ(page->contentType, "text/html; charset=utf-8");
  }
}

TEST_F(LimitsTest, KeyIsCountedByItself_NotByWhatTheBodySays) {
  serveUnder({.perKey = 2});
  EXPECT_EQ(token(test::kRootKey).status, 401);
  const std::string other = test::subject("somebody.else@company.com");
  EXPECT_EQ(ask("POST", "/auth/token", test::kRootKey, "192.0.2.2", other).status, 401);
  const std::string third = test::subject("third@company.com");
  EXPECT_EQ(ask("POST", "/auth/token", test::kRootKey, "192.0.2.3", third).status, 429);
  EXPECT_EQ(counted.value("auth_gateway_rate_limited_total", {{"limit", "key"}}), 1);
}

TEST_F(LimitsTest, ConsentLinks_AreLimitedAndAMissingTokenThenComesWithoutOne) {
  serveUnder({.consents = 1});
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 200);
  const auto refused = ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject("bob@x.com"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(headerOf(refused, "Retry-After"), "60");
  const auto missing = ask("POST", "/auth/token", test::kRootKey, "192.0.2.1", test::subject("bob@x.com"));
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(field(missing, "auth_url"), "(none)");
}

// The grant of one user at one provider, whichever keys ask and whatever they ask for.
TEST_F(LimitsTest, OneUserAtOneProvider_IsAskedToConsentSoOftenAndNoMore) {
  provider->abilities.device = true;
  serveUnder({.perGrant = 2});
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 200);
  EXPECT_EQ(ask("POST", "/auth/device", test::kRootKey, "192.0.2.2", test::subject()).status, 200);
  const auto refused = ask("POST", "/auth/device", test::kRootKey, "192.0.2.3", test::subject());
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(headerOf(refused, "Retry-After"), "30");
  EXPECT_EQ(provider->calls(test::FakeProvider::Call::StartDevice), 1) << "the provider is not asked";
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 429);
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject("ALICE@x.com")).status, 429)
      << "another spelling of the same address";
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject("bob@x.com")).status, 200);
  EXPECT_EQ(counted.value("auth_gateway_rate_limited_total", {{"limit", "grant"}}), 3);
}

TEST_F(LimitsTest, ForcedRenewalsOfOneGrant_AreLimitedAndOrdinaryReadsAreNot) {
  connect();
  serveUnder({.perGrant = 1});
  const std::string forced = R"({"provider":"fake","user_email":"alice@x.com","force_refresh":true})";
  EXPECT_EQ(ask("POST", "/auth/token", test::kRootKey, "192.0.2.1", forced).status, 200);
  const auto refused = ask("POST", "/auth/token", test::kRootKey, "192.0.2.2", forced);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(headerOf(refused, "Retry-After"), "60");
  EXPECT_EQ(ask("POST", "/oauth/refresh", test::kRootKey, "192.0.2.1", test::subject()).status, 429);
  EXPECT_EQ(token(test::kRootKey).status, 200);
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 200)
      << "a program in a loop does not keep the person from consenting";
}

// Whoever may not ask for a user must not be able to use up that user's share.
TEST_F(LimitsTest, KeyWithoutPermission_CountsForNobody) {
  serveUnder({.perGrant = 1});
  ApiKeyRecord stranger;
  stranger.id = "id-1";
  stranger.name = "stranger";
  stranger.keyHash = sha256Hex("a-key-of-0123456789abcdef0123456789abcdef");
  stranger.permissions = {{Operation::Consent, Operation::Token}, {"fake"}, {"bob@x.com"}};
  stranger.createdAt = clock.now();
  ASSERT_TRUE(memory->createApiKey(stranger).ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(
        ask("POST", "/auth/init", "a-key-of-0123456789abcdef0123456789abcdef", "192.0.2.1", test::subject())
            .status,
        403);
  }
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject()).status, 200);
}

// Rotating the address in the body escapes the grant's limit, but not the key's.
TEST_F(LimitsTest, OtherAddressesInTheBody_DoNotWidenTheKeysOwnLimit) {
  serveUnder({.consents = 2, .perGrant = 1});
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.1", test::subject("a@x.com")).status, 200);
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.2", test::subject("b@x.com")).status, 200);
  EXPECT_EQ(ask("POST", "/auth/init", test::kRootKey, "192.0.2.3", test::subject("c@x.com")).status, 429);
}

}  // namespace
}  // namespace agw::api
