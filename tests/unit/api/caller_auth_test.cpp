#include "api_rig.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::ApiRig;
using test::field;
using test::subject;

Permissions everything() {
  return Permissions::all();
}

class CallerAuthTest : public testing::Test, public ApiRig {
 protected:
  int statusWith(const std::string& key) { return get("/providers", key).status; }
};

TEST_F(CallerAuthTest, RootAndNamedKeys_AreLetIn) {
  EXPECT_EQ(statusWith(test::kRootKey), 200);
  EXPECT_EQ(statusWith(makeKey("one", everything())), 200);
}

TEST_F(CallerAuthTest, BearerToken_IsTheSameKey) {
  const auto with = [&](const char* value) {
    return ask({.method = "GET", .path = "/providers", .key = "", .headers = {{"authorization", value}}})
        .status;
  };
  EXPECT_EQ(with(("Bearer " + test::kRootKey).c_str()), 200);
  EXPECT_EQ(with(("bearer " + test::kRootKey).c_str()), 200);
  EXPECT_EQ(with("Basic dXNlcjpwYXNz"), 403);
  EXPECT_EQ(with("Bearer "), 403);
}

// C4: nobody learns which of these it was.
TEST_F(CallerAuthTest, MissingUnknownExpiredAndRevokedKeys_GetOneAnswer) {
  const auto revoked = makeKey("revoked", everything());
  ASSERT_TRUE(memory->revokeApiKey("revoked", clock.now()).ok());
  const auto expired = makeKey("expired", everything(), clock.now());
  const auto missing = get("/providers", "");
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(field(missing, "error"), "invalid_api_key");
  for (const std::string& key :
       {std::string("unknown"), revoked, expired, test::kRootKey + "x", std::string(10'000, 'k')}) {
    const auto response = get("/providers", key);
    EXPECT_EQ(response.status, missing.status);
    EXPECT_EQ(response.body, missing.body);
    EXPECT_EQ(response.headers, missing.headers);
  }
}

// C9
TEST_F(CallerAuthTest, KeyInBothHeaders_IsRefused) {
  const auto response = ask(
      {.method = "GET", .path = "/providers", .headers = {{"Authorization", "Bearer " + test::kRootKey}}});
  EXPECT_EQ(response.status, 400);
}

// B8
TEST_F(CallerAuthTest, KeyInQueryOrCookie_IsNoKey) {
  EXPECT_EQ(ask({.method = "GET",
                 .path = "/providers",
                 .key = "",
                 .query = {{"api_key", test::kRootKey}, {"X-API-Key", test::kRootKey}},
                 .headers = {{"Cookie", "X-API-Key=" + test::kRootKey}}})
                .status,
            403);
}

// C5
TEST_F(CallerAuthTest, RevokedKey_IsRefusedWithinASecond) {
  const auto key = makeKey("one", everything());
  ASSERT_EQ(statusWith(key), 200);
  ASSERT_TRUE(memory->revokeApiKey("one", clock.now()).ok());
  clock.advance(1s);
  EXPECT_EQ(statusWith(key), 403);
}

TEST_F(CallerAuthTest, KeyThatExpiresWhileRemembered_IsRefusedAtOnce) {
  const auto key = makeKey("one", everything(), clock.now() + 100ms);
  ASSERT_EQ(statusWith(key), 200);
  clock.advance(100ms);
  EXPECT_EQ(statusWith(key), 403);
}

TEST_F(CallerAuthTest, RememberedKey_CostsNoStorageCall) {
  const auto key = makeKey("one", everything());
  ASSERT_EQ(statusWith(key), 200);
  storage.failAll();
  EXPECT_EQ(statusWith(key), 200);
}

// C2: fail closed.
TEST_F(CallerAuthTest, StorageAway_LetsNobodyInAndSaysWait) {
  const auto key = makeKey("one", everything());
  ASSERT_EQ(statusWith(key), 200);
  storage.failAll();
  clock.advance(1s);
  for (const auto& sent : {key, std::string("unknown")}) {
    const auto response = get("/providers", sent);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(test::headerOf(response, "Retry-After"), "1");
  }
  EXPECT_EQ(statusWith(test::kRootKey), 200);
}

TEST_F(CallerAuthTest, LastUse_IsWrittenOnceAMinute) {
  const auto key = makeKey("one", everything());
  const auto lastUsed = [&] { return (*memory->listApiKeys()).front().lastUsedAt; };
  const auto first = clock.now();
  ASSERT_EQ(statusWith(key), 200);
  EXPECT_EQ(lastUsed(), first);
  clock.advance(59s);
  ASSERT_EQ(statusWith(key), 200);
  EXPECT_EQ(lastUsed(), first);
  clock.advance(1s);
  ASSERT_EQ(statusWith(key), 200);
  EXPECT_EQ(lastUsed(), clock.now());
}

TEST_F(CallerAuthTest, LastUseThatCannotBeWritten_IsNotTheCallersFault) {
  const auto key = makeKey("one", everything());
  storage.failCall(2);
  EXPECT_EQ(statusWith(key), 200);
  EXPECT_TRUE(storage.failed());
}

// C1: three keys, three users, three providers, every endpoint that names an owner. What a key may not do
// looks the same whether or not there is such a grant, user or provider.
TEST_F(CallerAuthTest, PermissionMatrix_OnlyWhatIsGrantedAndOneBodyForTheRest) {
  connect();
  const std::vector<std::string> users{"alice@x.com", "bob@x.com", "carol@y.org"};
  const std::vector<std::string> entries{"fake", "other", "nowhere"};
  struct Key {
    std::string text;
    Permissions permissions;
  };
  std::vector<Key> sent;
  for (auto permissions :
       {Permissions{{Operation::Token, Operation::Consent, Operation::Import}, {"fake"}, {"alice@x.com"}},
        Permissions{{Operation::List, Operation::Revoke}, {"*"}, {"*@y.org"}}, Permissions{}}) {
    sent.push_back({makeKey("key" + std::to_string(sent.size()), permissions), permissions});
  }
  const auto forbidden = get("/auth/providers/bob@x.com", sent[2].text);
  ASSERT_EQ(forbidden.status, 403);
  ASSERT_EQ(field(forbidden, "error"), "forbidden");

  for (const auto& key : sent) {
    const Caller who{"", "", key.permissions};
    for (const auto& user : users) {
      for (const auto& entry : entries) {
        const auto check = [&](Operation operation, const Response& response, const char* endpoint) {
          const bool granted = who.may(operation, entry, user).ok();
          EXPECT_EQ(response.status == 403, !granted) << endpoint << " " << user << " " << entry;
          if (!granted) {
            EXPECT_EQ(response.body, forbidden.body) << endpoint << " " << user << " " << entry;
          }
        };
        check(Operation::Token, post("/auth/token", subject(user, entry), key.text), "token");
        check(Operation::Import, post("/auth/import", subject(user, entry), key.text), "import");
        check(Operation::Consent, post("/auth/init", subject(user, entry), key.text), "init");
        check(
            Operation::Revoke,
            ask({.method = "DELETE", .path = "/auth/revoke", .body = subject(user, entry), .key = key.text}),
            "revoke");
        check(Operation::Revoke,
              ask({.method = "DELETE",
                   .path = "/auth/revoke",
                   .key = key.text,
                   .query = {{"provider", entry}, {"user_email", user}}}),
              "revoke by query");
      }
      const bool lists = who.may(Operation::List, "fake", user).ok();
      const auto response = get("/auth/providers/" + user, key.text);
      EXPECT_EQ(response.status, lists ? 200 : 403) << user;
      if (!lists) {
        EXPECT_EQ(response.body, forbidden.body);
      }
    }
  }
}

}  // namespace
}  // namespace agw::api
