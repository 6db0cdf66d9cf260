// What a provider demands of the next consent, from the refresh that told it to the link that answers it.
#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Challenge : public testing::Test {
 protected:
  static constexpr const char* kChallenge = R"({"access_token":{"acrs":{"essential":true,"value":"c1"}}})";

  static ConsentRequest wish() { return {"fake", kAlice, {}, {}, "r"}; }
  void die(const char* challenge = kChallenge) {
    rig.connect();
    rig.clock.advance(3600s);
    Error dead = deadGrant();
    dead.facts["challenge"] = {challenge};
    rig.provider->failNext(Call::Refresh, dead);
    EXPECT_EQ(BrokerRig::textOf(service->token(BrokerRig::wish())), "error refresh_failed");
  }
  static std::string challengeOf(const ConsentLink& link) {
    return FakeProvider::parameter(link.authUrl, "challenge");
  }

  BrokerRig rig;
  std::unique_ptr<TokenService> service = rig.replica();
};

TEST_F(Challenge, OfADeadGrant_StandsInTheNextLink) {
  die();
  EXPECT_EQ(challengeOf(rig.begin()), kChallenge);
}
TEST_F(Challenge, IsTheGrantsOwn_NotAnotherUsers) {
  die();
  EXPECT_EQ(challengeOf(rig.begin("bob@x.com")), "");
}
TEST_F(Challenge, StaysThroughFurtherReadsOfTheDeadGrant) {
  die();
  EXPECT_EQ(BrokerRig::textOf(service->token(BrokerRig::forced())), "error refresh_failed");
  EXPECT_EQ(challengeOf(rig.begin()), kChallenge);
}
TEST_F(Challenge, IsAnsweredByTheConsent_AndGoneAfterIt) {
  die();
  EXPECT_EQ(rig.consentAs(alice()).status, FlowStatus::Completed);
  EXPECT_EQ(rig.row()->challenge, "");
  EXPECT_EQ(challengeOf(rig.begin()), "");
}
TEST_F(Challenge, LinkMadeBeforeIt_IsNotHandedOutAgain) {
  rig.connect();
  const auto before = *rig.consent.begin(wish(), rig.caller);
  ASSERT_TRUE(rig.consent.openLink(wish(), rig.caller));
  die();
  EXPECT_FALSE(rig.consent.openLink(wish(), rig.caller));
  const auto after = *rig.consent.begin(wish(), rig.caller);
  EXPECT_EQ(rig.consent.openLink(wish(), rig.caller)->sessionId, after.sessionId);
  EXPECT_NE(after.sessionId, before.sessionId);
}
TEST_F(Challenge, OfAPassingFailure_IsNone) {
  rig.connect();
  rig.clock.advance(3600s);
  Error away = timedOut();
  away.facts["challenge"] = {kChallenge};
  rig.provider->failNext(Call::Refresh, away);
  (void)service->token(BrokerRig::wish());
  EXPECT_EQ(rig.row()->challenge, "");
  EXPECT_EQ(challengeOf(rig.begin()), "");
}
TEST_F(Challenge, StoreThatCannotTell_MakesALinkWithoutIt) {
  die();
  rig.storage.failCall(1);  // the look at the grant
  EXPECT_EQ(challengeOf(rig.begin()), "");
}

}  // namespace
}  // namespace agw::test
