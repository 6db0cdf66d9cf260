#include "fixture.hpp"

namespace agw::test {
namespace {

class Texts : public StorageContract {};
AGW_FOR_EVERY_STORAGE(Texts);

// H9: what is bound is never read as SQL, and comes back as it went in.
const std::vector<std::string>& unusual() {
  static const std::vector<std::string> texts = {
      "'",
      "''",
      "\"",
      "\\",
      "\\'; DROP TABLE oauth_credentials; --",
      "' OR '1'='1",
      "'; DELETE FROM oauth_credentials; --",
      "x' UNION SELECT key_hash FROM api_keys --",
      "$1",
      "?",
      ":name",
      "{now}",
      "{text}",
      "%",
      "_",
      "%s%n",
      "/* comment */",
      "-- comment",
      "a;b",
      "NULL",
      " leading and trailing ",
      "line\nbreak\r\n\ttab",
      "\x01\x1f\x7f",
      "Gr\xc3\xbc\xc3\x9f Gott",
      "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
      "\xf0\x9f\x94\x91",
      "e\xcc\x81",  // not composed
      "\xe2\x80\xae rtl",
      "\xef\xbf\xbf",
      std::string(60'000, 'x'),
  };
  return texts;
}

TEST_P(Texts, EveryUnusualText_RoundTripsInEveryKindOfColumn) {
  int number = 0;
  for (const auto& text : unusual()) {
    const std::string id = text.substr(0, 100) + std::to_string(++number);
    Grant grant =
        aGrant(id, text.substr(0, 200) + "@company.com", text.substr(0, 50) + std::to_string(number));
    grant.subject = text;
    grant.tokens.accessToken = text;
    grant.tokens.scopes = {text, "plain"};
    ASSERT_TRUE(succeeds(storage().putGrant(grant, 0))) << number;
    grant.version = 1;
    const auto found = storage().findGrant(grant.provider, grant.profile);
    ASSERT_TRUE(succeeds(found)) << number;
    ASSERT_TRUE(found->has_value()) << number;
    EXPECT_EQ(describe(**found), describe(grant)) << number;
  }
}

TEST_P(Texts, Injection_InEveryLookup_FindsNothingAndHarmsNothing) {
  const Grant grant = stored();
  const Flow flow = aFlow();
  ASSERT_TRUE(succeeds(storage().createFlow(flow)));
  for (const auto& text : unusual()) {
    EXPECT_FALSE(storage().findGrant(text, text)->has_value());
    EXPECT_FALSE(storage().findGrant("example", text)->has_value());
    EXPECT_FALSE(storage().findGrantById(text)->has_value());
    EXPECT_TRUE(storage().listGrants(text)->empty());
    EXPECT_FALSE(storage().findFlow(text)->has_value());
    EXPECT_FALSE(storage().findApiKey(text)->has_value());
    EXPECT_TRUE(failsWith(storage().consumeState(text), ErrorKind::NotFound));
    EXPECT_TRUE(failsWith(storage().revokeApiKey(text, clock.now()), ErrorKind::NotFound));
    EXPECT_TRUE(failsWith(storage().replaceTokens(text, 1, tokens("2")), ErrorKind::NotFound));
  }
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
  EXPECT_EQ(describe(**storage().findFlow(flow.id)), describe(flow));
}

TEST_P(Texts, SixtyKilobyteTokens_AreKept) {
  Grant grant = aGrant();
  grant.tokens.accessToken = std::string(60'000, 'a');
  grant.tokens.refreshToken = std::string(60'000, 'b');
  ASSERT_TRUE(succeeds(storage().putGrant(grant, 0)));
  EXPECT_EQ(read(grant.id).tokens.accessToken, grant.tokens.accessToken);
  SealedTokens next = tokens("2");
  next.refreshToken = std::string(60'000, 'c');
  ASSERT_TRUE(succeeds(storage().replaceTokens(grant.id, 1, next)));
  EXPECT_EQ(read(grant.id).tokens.refreshToken, next.refreshToken);
}

TEST_P(Texts, NulOrBrokenUtf8_IsNeverTakenForAStoredText) {
  const Grant grant = stored();
  for (const std::string& tail : {std::string("\0", 1), std::string("\0junk", 5), std::string("\xff"),
                                  std::string("\xc3"), std::string("\xed\xa0\x80")}) {
    const auto byOwner = storage().findGrant("example", grant.profile + tail);
    EXPECT_FALSE(byOwner.ok() && byOwner->has_value());
    const auto byId = storage().findGrantById(grant.id + tail);
    EXPECT_FALSE(byId.ok() && byId->has_value());
    EXPECT_FALSE(storage().acquireLease(grant.id + tail, "worker", std::chrono::hours(1)).ok());
  }
}

TEST_P(Texts, Errors_CarryNeitherSqlNorValues) {
  const Grant grant = stored();
  const auto conflict = storage().putGrant(aGrant("other"), 0);
  const auto lost = storage().releaseLease(grant.id, {"worker", 9});
  for (const auto& message : {conflict.error().message, lost.error().message}) {
    EXPECT_EQ(message.find("oauth_"), std::string::npos);
    EXPECT_EQ(message.find("UPDATE"), std::string::npos);
    EXPECT_EQ(message.find("alice"), std::string::npos);
    EXPECT_FALSE(message.empty());
  }
}

}  // namespace
}  // namespace agw::test
