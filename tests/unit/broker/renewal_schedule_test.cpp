#include "broker/renewal_schedule.hpp"

#include <gtest/gtest.h>

#include "support/schedule_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

// Tokens live for an hour; renewal is due 300 s before their end, and 150 s earlier at most.
class Schedule : public testing::Test {
 protected:
  void round() { EXPECT_TRUE(replica.schedule.round().ok()); }
  /// Rounds, as many as it takes, without more than `time` going by.
  void roundsFor(std::chrono::milliseconds time) {
    for (auto left = time; left > 0ms; left -= 500ms) {
      round();
      rig.clock.advance(500ms);
    }
  }
  [[nodiscard]] int refreshes() const { return rig.provider->calls(Call::Refresh); }
  void policy(Proactive proactive, int perSecond = 250) {
    rig.provider->configuration.refresh = {.proactive = proactive, .perSecond = perSecond};
  }
  void expectInStep() { EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()}); }

  BrokerRig rig;
  ScheduledReplica replica{rig};
};

TEST_F(Schedule, TokenThatNearsItsEnd_IsRenewedThoughNobodyReads) {
  rig.connect();
  rig.clock.advance(3300s);
  round();
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.row()->tokens.accessExpiresAt, rig.clock.now() + 3600s);
  expectInStep();
  EXPECT_EQ(replica.metrics.value("auth_gateway_renewals_total",
                                  {{"provider", "fake"}, {"cause", "schedule"}, {"outcome", "renewed"}}),
            1);
}
TEST_F(Schedule, ManyReadsOfWhichSomeCannotBeNoted_AreNotedAgainThose) {
  for (int read = 0; read < 600; ++read) replica.reads.note("grant-" + std::to_string(read));
  rig.storage.failCall(2);
  EXPECT_FALSE(replica.schedule.round().ok());
  rig.storage.failCall(0);
  for (int read = 0; read < 600; ++read) replica.reads.note("grant-" + std::to_string(read));
  EXPECT_EQ(replica.reads.take().size(), 256U) << "one batch of three";
}
TEST_F(Schedule, TokenWithMuchLife_IsLeftAloneUntilItsTime) {
  rig.connect();
  for (const auto step : {0s, 1799s, 2s, 1348s}) {
    rig.clock.advance(step);
    round();
    EXPECT_EQ(refreshes(), 0);
  }
  rig.clock.advance(151s);
  round();
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Schedule, ShortToken_IsNotRenewedInTheFirstHalfOfItsLife) {
  rig.provider->rules.accessLife = 60s;
  rig.connect();
  rig.clock.advance(29s);
  round();
  EXPECT_EQ(refreshes(), 0);
  rig.clock.advance(1s);
  round();
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Schedule, TokenThatHasEnded_IsRenewedOnce) {
  rig.connect();
  rig.clock.advance(24h);
  roundsFor(10s);
  EXPECT_EQ(refreshes(), 1);
  expectInStep();
}
TEST_F(Schedule, DayAfterDay_OneRenewalForEachToken) {
  rig.connect();
  for (int i = 0; i < 24 * 60; ++i) {
    rig.clock.advance(60s);
    round();
    EXPECT_TRUE(livesFor(rig.row()->tokens, rig.clock.now(), 60s)) << "always alive";
  }
  EXPECT_GE(refreshes(), 26);
  EXPECT_LE(refreshes(), 29);
}

TEST_F(Schedule, EntryThatSaysOff_IsLeftToReads) {
  policy(Proactive::Off);
  rig.connect();
  rig.clock.advance(24h);
  roundsFor(10s);
  EXPECT_EQ(refreshes(), 0);
}
TEST_F(Schedule, ActiveGrants_AreThoseReadOrConsentedToWithinAWeek) {
  policy(Proactive::Active);
  rig.connect();
  rig.clock.advance(24h);
  round();
  EXPECT_EQ(refreshes(), 1) << "consented to yesterday";
  rig.clock.advance(7 * 24h);
  roundsFor(10s);
  EXPECT_EQ(refreshes(), 1) << "nobody has read it";
  ASSERT_TRUE(replica.tokens.token(BrokerRig::wish()).ok());
  EXPECT_EQ(refreshes(), 2) << "a read renews it";
  rig.clock.advance(3300s);
  round();
  EXPECT_EQ(refreshes(), 3) << "and now it is in use again";
}
TEST_F(Schedule, StampOfAReadThatTheStoreDidNotTake_IsWrittenAtTheNextRead) {
  policy(Proactive::Active);
  rig.connect();
  ASSERT_TRUE(replica.tokens.token(BrokerRig::wish()).ok());
  rig.storage.failAll();
  EXPECT_FALSE(replica.schedule.round().ok());
  rig.storage.failCall(0);
  rig.clock.advance(3600s);
  const auto readAt = [&] {
    const auto due = rig.memory->claimDueGrants("fake", rig.clock.now(), 0s, 1);
    return due->front().readAt;
  };
  EXPECT_FALSE(readAt());
  ASSERT_TRUE(replica.tokens.token(BrokerRig::wish()).ok());
  round();
  rig.clock.advance(1h);
  EXPECT_TRUE(readAt());
}

// What ends when it is not used: the refresh token after 90 days.
class KeepAlive : public Schedule {
 protected:
  void SetUp() override { rig.provider->rules.idleTtl = 90 * 24h; }
  /// The days after which the first renewal happened.
  double daysToTheFirst() {
    for (int hours = 0; hours < 24 * 100; ++hours) {
      round();
      if (refreshes() > 0) return hours / 24.0;
      rig.clock.advance(1h);
    }
    return 999;
  }
};
TEST_F(KeepAlive, GrantThatNobodyReads_IsUsedInTheLastThirdBeforeItsRefreshTokenEnds) {
  policy(Proactive::Active);
  rig.connect();
  rig.clock.advance(8 * 24h);  // not in use any more
  const double days = 8 + daysToTheFirst();
  EXPECT_GE(days, 60);
  EXPECT_LE(days, 68);
}
TEST_F(KeepAlive, AccessTokenWithoutEnd_ItsRefreshTokenIsUsedAllTheSame) {
  rig.provider->rules.accessLife.reset();
  rig.provider->rules.ttlDefault.reset();
  rig.connect();
  const double days = daysToTheFirst();
  EXPECT_GE(days, 60);
  EXPECT_LE(days, 68);
}
TEST_F(KeepAlive, ProviderThatRenewsAccessTokensThemselves_IsAskedWhileTheyLive) {
  rig.provider->rules.idleTtl.reset();
  rig.provider->rules.givesRefreshToken = false;
  rig.provider->rules.accessLife = 60 * 24h;
  rig.provider->rules.renewBefore = 14 * 24h;
  policy(Proactive::Active);
  rig.connect();
  rig.clock.advance(8 * 24h);
  const double days = 8 + daysToTheFirst();
  EXPECT_GE(days, 38);
  EXPECT_LE(days, 46);
}
TEST_F(KeepAlive, GrantWithoutRefreshToken_IsNeverTriedAndNeverDeclaredDead) {
  rig.provider->rules.givesRefreshToken = false;
  rig.connect();
  EXPECT_EQ(daysToTheFirst(), 999);
  EXPECT_EQ(rig.row()->status, GrantStatus::Active);
}

TEST_F(Schedule, ProviderThatFails_IsAskedAgainWhenTheBackOffIsOver) {
  rig.connect();
  rig.clock.advance(3300s);
  rig.provider->failNext(Call::Refresh,
                         {.kind = ErrorKind::RateLimited, .message = "no", .retryAfter = 120s});
  round();
  ASSERT_EQ(refreshes(), 1);
  for (int second = 0; second < 119; ++second) {
    rig.clock.advance(1s);
    round();
  }
  EXPECT_EQ(refreshes(), 1);
  rig.clock.advance(1s);
  round();
  EXPECT_EQ(refreshes(), 2);
  expectInStep();
}
TEST_F(Schedule, DeadGrant_IsNotAskedForAgain) {
  rig.connect();
  rig.provider->removeAccess("subject-alice");
  rig.clock.advance(3300s);
  roundsFor(60s);
  rig.clock.advance(24h);
  roundsFor(60s);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
}
// Law 4
TEST_F(Schedule, InterruptedRenewal_IsTriedAgainOnceTheAccessTokenHasEnded) {
  rig.connect();
  rig.clock.advance(3300s);
  rig.provider->failNext(Call::Refresh, timedOut(), FakeProvider::When::After);
  round();
  ASSERT_EQ(refreshes(), 1);
  roundsFor(290s);
  EXPECT_EQ(refreshes(), 1)
      << "the stored refresh token may be spent: the living access token is used up first";
  rig.clock.advance(20s);
  roundsFor(60s);
  EXPECT_EQ(refreshes(), 2);
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
  EXPECT_EQ(rig.row()->lastError, "refresh_interrupted");
}

// G7
TEST_F(Schedule, ManyGrantsDueAtOnce_NoSecondHasMoreThanTheRateAndEachIsRenewedOnce) {
  policy(Proactive::All, 10);
  connectUsers(rig, 60);
  rig.clock.advance(2h);
  std::deque<int> counts{0};
  for (int tenth = 0; tenth < 200; ++tenth) {
    round();
    counts.push_back(refreshes());
    if (counts.size() > 11) counts.pop_front();
    EXPECT_LE(counts.back() - counts.front(), 10) << tenth;
    rig.clock.advance(100ms);
  }
  EXPECT_EQ(refreshes(), 60);
}
TEST_F(Schedule, TwoReplicas_ShareTheWorkAndDoNoneTwice) {
  connectUsers(rig, 40);
  rig.clock.advance(2h);
  ScheduledReplica other(rig, "two");
  for (int i = 0; i < 200; ++i) {
    round();
    EXPECT_TRUE(other.schedule.round().ok());
    rig.clock.advance(50ms);
  }
  EXPECT_EQ(refreshes(), 40);
  const Labels renewed{{"provider", "fake"}, {"cause", "schedule"}, {"outcome", "renewed"}};
  EXPECT_GT(replica.metrics.value("auth_gateway_renewals_total", renewed), 0);
  EXPECT_GT(other.metrics.value("auth_gateway_renewals_total", renewed), 0);
}

// E8, law 9
TEST_F(Schedule, ProviderThatIsAway_IsProbedAndSlowsNoOther) {
  const auto sound = std::make_shared<FakeProvider>("sound");
  rig.directory.set(sound);
  connectUsers(rig, 20);
  rig.clock.advance(2h);
  rig.provider->failAlways(Call::Refresh, timedOut());
  roundsFor(1s);
  EXPECT_EQ(refreshes(), 5);
  EXPECT_EQ(replica.tokens.renewalRoom(*rig.provider), 0U);
  roundsFor(29s);
  const int asked = refreshes();
  EXPECT_GT(asked, 5) << "it is probed";
  EXPECT_LE(asked, 12) << "not each of the twenty";
  EXPECT_EQ(replica.metrics.value("auth_gateway_breaker_open", {{"provider", "fake"}}), 1);
  EXPECT_GT(replica.tokens.renewalRoom(*sound), 0U);
}
TEST_F(Schedule, ProviderComesBack_IsNotMetByAllThatWaited) {
  policy(Proactive::All, 100);
  connectUsers(rig, 150);
  rig.clock.advance(2h);
  rig.provider->failAlways(Call::Refresh, notReached());
  roundsFor(10s);
  rig.provider->recover(Call::Refresh);
  rig.clock.advance(70s);
  const int before = refreshes();
  roundsFor(1s);
  EXPECT_LE(refreshes() - before, 12) << "a probe, then a tenth of the rate";
  roundsFor(6min);
  for (int i = 0; i < 150; ++i)
    EXPECT_TRUE(livesFor(rig.row(userName(i))->tokens, rig.clock.now(), 60s)) << i;
}

TEST_F(Schedule, StorageThatFails_IsToldAndTheNextRoundGoesOn) {
  rig.connect();
  rig.clock.advance(3300s);
  rig.storage.failAll();
  EXPECT_FALSE(replica.schedule.round().ok());
  EXPECT_EQ(refreshes(), 0);
  rig.storage.failCall(0);
  round();
  EXPECT_EQ(refreshes(), 1);
}

}  // namespace
}  // namespace agw::test
