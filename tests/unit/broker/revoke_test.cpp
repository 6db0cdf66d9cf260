#include "broker/revoke.hpp"

#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Revoke : public testing::Test {
 protected:
  void SetUp() override { rig.connect(); }
  Result<RevokeOutcome> revoke(const std::string& profile = kAlice) {
    return rig.revoke.revoke("fake", profile, "key-1", "r");
  }
  int revocations() { return rig.provider->calls(Call::Revoke); }
  BrokerRig rig;
};

TEST_F(Revoke, ProviderAnswers_BothSidesAreDone) {
  const auto outcome = revoke();
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->atProvider);
  EXPECT_EQ(outcome->note, "");
  EXPECT_FALSE(rig.row());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(rig.queuedRevocations(), 0U);
  EXPECT_TRUE(rig.audited("grant_revoked"));
}
TEST_F(Revoke, NothingThere_IsNotFound) {
  EXPECT_EQ(revoke("bob@x.com").error().code, "not_found");
  EXPECT_EQ(revocations(), 0);
}
// J5: three times 503, then 200.
TEST_F(Revoke, ProviderAway_StopsBeingServedAtOnceAndIsRetriedUntilItAnswers) {
  rig.provider->failAlways(Call::Revoke, timedOut());
  const auto outcome = revoke();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->atProvider);
  EXPECT_NE(outcome->note.find("keeps trying"), std::string::npos);
  EXPECT_EQ(BrokerRig::textOf(rig.replica()->token(BrokerRig::wish())), "error not_authenticated");
  for (int round = 0; round < 2; ++round) {
    rig.clock.advance(1h);
    EXPECT_TRUE(rig.revoke.retryPending().ok());
  }
  EXPECT_EQ(revocations(), 3);
  EXPECT_FALSE(rig.provider->livingPairs().empty());
  rig.provider->recover(Call::Revoke);
  rig.clock.advance(1h);
  EXPECT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(rig.queuedRevocations(), 0U);
}
TEST_F(Revoke, Retries_BackOffUpToAnHour) {
  rig.provider->failAlways(Call::Revoke, timedOut());
  ASSERT_TRUE(revoke().ok());
  for (int second = 0; second < 24 * 3600; second += 10) {
    rig.clock.advance(10s);
    ASSERT_TRUE(rig.revoke.retryPending().ok());
  }
  EXPECT_GE(revocations(), 24);
  EXPECT_LE(revocations(), 24 + 10);
}
// E8: whoever does not answer is not waited for by the others, and not fifty times.
TEST_F(Revoke, ProviderAway_IsAskedOnceInARound) {
  rig.provider->failAlways(Call::Revoke, timedOut());
  for (int grant = 0; grant < 3; ++grant) {
    rig.connect();
    ASSERT_TRUE(revoke().ok());
  }
  const int before = revocations();
  rig.clock.advance(1h);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_EQ(revocations(), before + 1);
  rig.provider->recover(Call::Revoke);
  rig.clock.advance(1h);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_EQ(rig.queuedRevocations(), 0U);
}
TEST_F(Revoke, ProviderAway_KeepsTheRevocationsOfOthersWaitingForAMinuteOrSo) {
  const auto other = std::make_shared<FakeProvider>("other");
  rig.directory.set(other);
  rig.provider->failAlways(Call::Revoke, timedOut());
  const RevokeRequest tokens{Secret("access"), Secret("refresh"), {}};
  for (int row = 0; row < 350; ++row) {
    ASSERT_TRUE(rig.revoke.queueDiscarded("fake", kAlice, "subject-of-" + std::to_string(row), tokens));
    rig.clock.advance(1ms);
  }
  ASSERT_TRUE(rig.revoke.queueDiscarded("other", kAlice, "subject", tokens));
  rig.clock.advance(60s);
  for (int round = 0; round < 9; ++round) {
    ASSERT_TRUE(rig.revoke.retryPending().ok());
    rig.clock.advance(10s);
  }
  EXPECT_EQ(other->calls(Call::Revoke), 1);
}
TEST_F(Revoke, RetriesEnded_LeaveTheQueueToOthers) {
  rig.provider->failAlways(Call::Revoke, timedOut());
  ASSERT_TRUE(revoke().ok());
  rig.provider->recover(Call::Revoke);
  rig.revoke.endRetries();
  rig.clock.advance(1h);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_EQ(revocations(), 1);
  EXPECT_EQ(rig.queuedRevocations(), 1U);
}
TEST_F(Revoke, RetryAfterOfTheProvider_IsRespected) {
  rig.provider->failNext(Call::Revoke,
                         {.kind = ErrorKind::RateLimited, .message = "no", .retryAfter = 1800s});
  ASSERT_TRUE(revoke().ok());
  rig.clock.advance(1799s);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_EQ(revocations(), 1);
  rig.clock.advance(1s);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_EQ(revocations(), 2);
}
TEST_F(Revoke, ProviderWithoutRevocation_SaysSoAndUntilWhenTheTokenLives) {
  rig.provider->abilities.revoke = false;
  const auto outcome = revoke();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->atProvider);
  EXPECT_NE(outcome->note.find("offers no revocation"), std::string::npos);
  EXPECT_NE(outcome->note.find(toRfc3339(rig.clock.now() + 3600s)), std::string::npos);
  EXPECT_EQ(rig.queuedRevocations(), 0U);
}
TEST_F(Revoke, EntryGoneFromTheFile_WaitsInTheQueue) {
  rig.directory.remove("fake");
  const auto outcome = revoke();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->atProvider);
  rig.directory.set(rig.provider);
  rig.clock.advance(1h);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
}
// Some providers end all of an account's grants at once.
TEST_F(Revoke, AccountWithAnotherGrant_IsNotRevokedAtTheProviderUntilItsLastOneGoes) {
  rig.provider->abilities.revokesAccount = true;
  rig.provider->configuration.identity = IdentityPolicy::Confirm;
  auto as = alice();
  const auto link = rig.begin("shared@x.com");
  const auto shown = rig.consent.finish(rig.callback(link, as));
  ASSERT_TRUE(rig.consent.confirm(link.sessionId, shown.confirmationCode, rig.caller, "r").ok());
  const auto first = revoke();
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->atProvider);
  EXPECT_EQ(revocations(), 0);
  EXPECT_EQ(rig.queuedRevocations(), 0U);
  EXPECT_TRUE(rig.provider->lives(rig.stored("shared@x.com").refresh));
  EXPECT_TRUE(revoke("shared@x.com")->atProvider);
  EXPECT_TRUE(rig.provider->livingPairs().empty());
}
TEST_F(Revoke, TokensThatCannotBeRead_CanStillBeRemovedHere) {
  const SealedRow row{"oauth_credentials",          rig.row()->id, "fake", kAlice, rig.row()->version,
                      {{"access_token", "spoiled"}}};
  ASSERT_TRUE(rig.memory->replaceSealed(row).ok());
  const auto outcome = revoke();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->atProvider);
  EXPECT_FALSE(rig.row());
}

TEST_F(Revoke, Discarded_AreRevokedAtOnce) {
  const auto pair = rig.stored();
  rig.revoke.discard("fake", kAlice, "subject-alice", {Secret(pair.access), Secret(pair.refresh), {}});
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(rig.queuedRevocations(), 0U);
}
TEST_F(Revoke, DiscardedWhileStoreAndProviderAreAway_AreRemembered) {
  const auto pair = rig.stored();
  rig.provider->failAlways(Call::Revoke, timedOut());
  rig.storage.failAll();
  rig.revoke.discard("fake", kAlice, "subject-alice", {Secret(pair.access), Secret(pair.refresh), {}});
  EXPECT_EQ(rig.queuedRevocations(), 0U);
  rig.storage.failCall(0);
  rig.provider->recover(Call::Revoke);
  rig.clock.advance(1h);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
}
TEST_F(Revoke, DiscardedOfAnAccountWithAStoredGrant_LeavesThatGrantAlive) {
  rig.provider->abilities.revokesAccount = true;
  rig.revoke.discard("fake", "other@x.com", "subject-alice",
                     {Secret("CANARY-late"), Secret("CANARY-late"), {}});
  EXPECT_EQ(revocations(), 0);
  EXPECT_FALSE(rig.provider->livingPairs().empty());
}

}  // namespace
}  // namespace agw::test
