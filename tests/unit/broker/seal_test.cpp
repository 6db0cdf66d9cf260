#include "broker/seal.hpp"

#include <gtest/gtest.h>

#include "broker/places.hpp"
#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

class Places : public testing::Test {
 protected:
  BrokerRig rig;
};

// F5
TEST_F(Places, GrantCiphertexts_OpenOnlyWhereTheyWerePut) {
  rig.connect();
  Grant grant = *rig.row();
  ASSERT_TRUE(openTokens(rig.vault, grant).ok());

  auto swapped = grant;
  std::swap(swapped.tokens.accessToken, swapped.tokens.refreshToken);
  EXPECT_EQ(openTokens(rig.vault, swapped).error().kind, ErrorKind::Integrity);
  for (const auto change : {&Grant::id, &Grant::provider, &Grant::profile}) {
    auto moved = grant;
    moved.*change = "another";
    EXPECT_EQ(openAccessToken(rig.vault, moved).error().kind, ErrorKind::Integrity);
  }
}

// F6, F7
TEST_F(Places, EveryStoredCiphertext_OpensAtTheRowThatKeyRotationReads) {
  rig.connect();
  rig.begin("bob@x.com");
  rig.provider->rules.ttlDefault = 3600s;
  rig.provider->failAlways(FakeProvider::Call::Revoke, timedOut());
  rig.revoke.discard("fake", kAlice, "subject-alice", {Secret("a"), Secret("r"), {}});
  auto confirming = std::make_shared<FakeProvider>("confirming");
  confirming->configuration.identity = IdentityPolicy::Confirm;
  rig.directory.set(confirming);
  const auto link = rig.consent.begin({"confirming", kAlice, {}, {}, "r"}, rig.caller);
  CallbackParameters parameters;
  parameters.state = FakeProvider::parameter(link->authUrl, "state");
  parameters.code = confirming->consent(link->authUrl, alice());
  ASSERT_EQ(rig.consent.finish(parameters).status, FlowStatus::AwaitingConfirmation);
  ProviderRow row;
  row.id = "fake";
  row.clientSecret = *rig.vault.seal(placeOf(row), Secret("secret"));
  ASSERT_TRUE(rig.memory->putProvider(row).ok());

  std::set<std::string> columns;
  const auto sealedRows = rig.memory->sealedRows("", "", 100);
  for (const auto& sealed : *sealedRows) {
    for (const auto& field : sealed.fields) {
      columns.insert(sealed.table + "." + field.column);
      EXPECT_TRUE(rig.vault.open(placeOf(sealed, field), field.text).ok())
          << sealed.table << "." << field.column;
    }
  }
  EXPECT_EQ(columns,
            (std::set<std::string>{"oauth_credentials.access_token", "oauth_credentials.refresh_token",
                                   "oauth_providers.client_secret", "oauth_revocations.tokens",
                                   "oauth_sessions.code_verifier", "oauth_sessions.pending_tokens"}));
}

TEST(TokensFrom, AnswerWithoutLife_TakesTheDefault) {
  TokenSet answer;
  const auto tokens =
      tokensFrom(answer, {fromMillis(1000), fromMillis(3000)}, {"a"}, std::chrono::seconds(60));
  EXPECT_EQ(tokens.accessExpiresAt, fromMillis(61'000));
  EXPECT_EQ(tokens.scopes, Scopes{"a"});
}
TEST(TokensFrom, NeitherLifeNorDefault_HasNoEnd) {
  EXPECT_FALSE(tokensFrom({}, {}, {}, std::nullopt).accessExpiresAt);
}
// E6
TEST(TokensFrom, AbsurdLife_DoesNotOverflow) {
  TokenSet answer;
  answer.expiresIn = std::chrono::seconds::max();
  const auto tokens = tokensFrom(answer, {fromMillis(0), fromMillis(0)}, {}, std::nullopt);
  EXPECT_GT(tokens.accessExpiresAt, fromMillis(0));
}
// G8
TEST(TokensFrom, SlowAnswer_CountsLifeFromTheRequest) {
  TokenSet answer;
  answer.expiresIn = std::chrono::seconds(10);
  const auto tokens = tokensFrom(answer, {fromMillis(0), fromMillis(9000)}, {}, std::nullopt);
  EXPECT_EQ(tokens.accessExpiresAt, fromMillis(10'000));
  EXPECT_EQ(tokens.issuedAt, fromMillis(9000));
}

}  // namespace
}  // namespace agw::test
