#include "api_rig.hpp"

namespace agw::api {
namespace {

using test::ApiRig;
using test::bodyOf;
using test::field;
using testing::HasSubstr;
using testing::Not;

class ImportEndpoint : public testing::Test, public ApiRig {
 protected:
  static std::string offer(const std::string& token, const std::string& extra = "") {
    return R"({"provider":"fake","user_email":"Alice@X.com","refresh_token":")" + token + "\"" + extra + "}";
  }
  Response send(const std::string& body, const std::string& key = test::kRootKey) {
    return post("/auth/import", body, key);
  }
};

TEST_F(ImportEndpoint, LivingToken_IsStoredForTheCanonicalOwnerAndNeverAnswered) {
  const auto offered = keptElsewhere();
  const auto response = send(offer(offered, R"(,"scopes":["read"])"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(field(response, "success"), "true");
  EXPECT_EQ(field(response, "message"), "Credentials imported for alice@x.com (fake)");
  EXPECT_EQ(field(response, "scopes"), R"(["read"])");
  EXPECT_EQ(field(response, "token_expires_at"), toRfc3339(clock.now() + std::chrono::hours(1)));
  EXPECT_THAT(response.body, Not(HasSubstr("CANARY")));
  for (const auto& line : log.lines()) EXPECT_THAT(line, Not(HasSubstr("CANARY")));
  EXPECT_EQ(post("/auth/token", test::subject()).status, 200);
}

TEST_F(ImportEndpoint, EndedToken_IsAnsweredWithTheLink) {
  const auto offered = keptElsewhere();
  provider->removeAccess("subject-alice");
  const auto response = send(offer(offered));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(field(response, "error"), "refresh_failed");
  EXPECT_THAT(field(response, "auth_url"), HasSubstr("https://provider.test/authorize?"));
}

TEST_F(ImportEndpoint, KeyThatMayImportAlone_GetsNoLink) {
  const auto offered = keptElsewhere();
  provider->removeAccess("subject-alice");
  const auto key = makeKey("mover", {{Operation::Import}, {"fake"}, {"*@x.com"}});
  const auto response = send(offer(offered), key);
  EXPECT_EQ(response.status, 401);
  EXPECT_FALSE(bodyOf(response).contains("auth_url"));
}

TEST_F(ImportEndpoint, AnothersToken_IsAConflictThatSaysSo) {
  const auto response = send(offer(keptElsewhere(test::mallory())));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(field(response, "error"), "conflict");
  EXPECT_EQ(bodyOf(response).at("details").at("reason"), boost::json::value("identity_mismatch"));
}

TEST_F(ImportEndpoint, ConnectedUser_IsAPlainConflict) {
  connect();
  const auto response = send(offer(keptElsewhere()));
  EXPECT_EQ(response.status, 409);
  EXPECT_FALSE(bodyOf(response).contains("details"));
}

TEST_F(ImportEndpoint, EveryOtherOperationTogether_MayNotImport) {
  const auto key =
      makeKey("all-but",
              {{Operation::Consent, Operation::Token, Operation::List, Operation::Revoke, Operation::Metrics},
               {"*"},
               {"*"}});
  const auto response = send(offer(keptElsewhere()), key);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(field(response, "error"), "forbidden");
  EXPECT_FALSE(row());
}

TEST_F(ImportEndpoint, KeyThatMayImport_MayDoNothingElse) {
  ASSERT_EQ(send(offer(keptElsewhere())).status, 200);
  const auto key = makeKey("mover", {{Operation::Import}, {"*"}, {"*"}});
  EXPECT_EQ(post("/auth/token", test::subject(), key).status, 403);
  EXPECT_EQ(post("/auth/init", test::subject(), key).status, 403);
}

TEST_F(ImportEndpoint, BadFields_AreNamed) {
  const std::vector<std::pair<std::string, std::string>> bodies{
      {test::subject(), "refresh_token"},
      {offer(""), "refresh_token"},
      {offer("a\\nb"), "refresh_token"},
      {offer("\u00e4"), "refresh_token"},
      {offer(std::string(8193, 'a')), "refresh_token"},
      {offer("a", R"(,"scopes":[])"), "scopes"},
      {offer("a", R"(,"access_token":"b")"), "access_token"}};
  for (const auto& [body, name] : bodies) {
    const auto response = send(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 200);
    EXPECT_EQ(bodyOf(response).at("details").at("field"), boost::json::value(name)) << response.body;
  }
  EXPECT_EQ(provider->calls(test::FakeProvider::Call::Refresh), 0);
}

}  // namespace
}  // namespace agw::api
