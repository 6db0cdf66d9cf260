#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Leases : public StorageContract {
 protected:
  RefreshFailure failure(bool settled = true, bool dead = false) const {
    return {.error = "provider_unavailable",
            .at = clock.now(),
            .retryNotBefore = clock.now() + 30s,
            .dead = dead,
            .intentSettled = settled};
  }
};
AGW_FOR_EVERY_STORAGE(Leases);

TEST_P(Leases, Acquire_Free_ReturnsTheGrantWithFenceAndIntentCounted) {
  Grant grant = stored();
  const auto leased = storage().acquireLease(grant.id, "worker", 1h);
  ASSERT_TRUE(succeeds(leased));
  grant.fence = 1;
  grant.openIntents = 1;
  EXPECT_EQ(describe(*leased), describe(grant));
  EXPECT_EQ(describe(read(grant.id)), describe(grant))
      << "the intent is durable before the provider is asked";
}

TEST_P(Leases, Acquire_HeldByAnother_IsConflictAndChangesNothing) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "first", 1h)));
  const std::string before = describe(read(grant.id));
  EXPECT_TRUE(failsWith(storage().acquireLease(grant.id, "second", 1h), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().acquireLease(grant.id, "first", 1h), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(grant.id)), before);
}

TEST_P(Leases, Acquire_NoSuchGrant_IsNotFound) {
  EXPECT_TRUE(failsWith(storage().acquireLease("absent", "worker", 1h), ErrorKind::NotFound));
}

// G1
TEST_P(Leases, Acquire_ThirtyTwoAtOnce_OneGetsIt) {
  const Grant grant = stored();
  std::atomic<int> got{0};
  std::atomic<int> conflicts{0};
  together(32, [&](int i) {
    const auto leased = storage().acquireLease(grant.id, "worker-" + std::to_string(i), 1h);
    if (leased.ok()) ++got;
    if (!leased.ok() && leased.error().kind == ErrorKind::Conflict) ++conflicts;
  });
  EXPECT_EQ(got, 1);
  EXPECT_EQ(conflicts, 31);
  EXPECT_EQ(read(grant.id).openIntents, 1);
}

TEST_P(Leases, Acquire_AfterItsTime_GoesToTheNextAndCountsBothIntents) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "first", 0ms)));
  const auto second = storage().acquireLease(grant.id, "second", 1h);
  ASSERT_TRUE(succeeds(second));
  EXPECT_EQ(second->fence, 2);
  EXPECT_EQ(second->openIntents, 2) << "the first one's refresh has no recorded outcome";
}

// G3
TEST_P(Leases, LostLease_ReleaseAndEnd_AreConflictAndChangeNothing) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "first", 0ms)));
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "second", 1h)));
  const std::string before = describe(read(grant.id));
  EXPECT_TRUE(failsWith(storage().releaseLease(grant.id, {"first", 1}), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().releaseLease(grant.id, {"second", 1}), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().endRefresh(grant.id, {"first", 1}, 1, failure()), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().endRefresh(grant.id, {"second", 1}, 1, failure()), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(grant.id)), before);
  EXPECT_TRUE(failsWith(storage().acquireLease(grant.id, "third", 1h), ErrorKind::Conflict))
      << "the holder keeps it";
}

TEST_P(Leases, ReleaseAndEnd_NoSuchGrantOrNoLease_AreConflict) {
  const Grant grant = stored();
  EXPECT_TRUE(failsWith(storage().releaseLease("absent", {"worker", 1}), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().endRefresh("absent", {"worker", 1}, 1, failure()), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().releaseLease(grant.id, {"", 0}), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().endRefresh(grant.id, {"", 0}, 1, failure()), ErrorKind::Conflict));
}

TEST_P(Leases, Release_Holder_EndsTheLeaseAndItsIntentAndNothingElse) {
  Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  clock.advance(2s);
  ASSERT_TRUE(succeeds(storage().releaseLease(grant.id, {"worker", 1})));
  grant.fence = 1;
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
  EXPECT_TRUE(succeeds(storage().acquireLease(grant.id, "other", 1h)));
}

TEST_P(Leases, Release_AfterAnInterruptedRefresh_LeavesThatOnesIntent) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "died", 0ms)));
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 0ms)));
  ASSERT_TRUE(succeeds(storage().releaseLease(grant.id, {"worker", 2})))
      << "past its time, but nobody took it";
  EXPECT_EQ(read(grant.id).openIntents, 1);
}

TEST_P(Leases, AcquireAccount_AnotherGrantOfTheAccountLeased_IsConflictUntilItsEnd) {
  const Grant first = stored();
  const Grant second = stored(aGrant("second", "second@company.com"));
  ASSERT_TRUE(succeeds(storage().acquireAccountLease(first.id, "one", 1h)));
  EXPECT_TRUE(failsWith(storage().acquireAccountLease(second.id, "two", 1h), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().acquireAccountLease(first.id, "two", 1h), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(second.id)), describe(second));
  ASSERT_TRUE(succeeds(storage().releaseLease(first.id, {"one", 1})));
  const auto leased = storage().acquireAccountLease(second.id, "two", 1h);
  ASSERT_TRUE(succeeds(leased));
  EXPECT_EQ(leased->fence, 1);
  EXPECT_EQ(leased->openIntents, 1);
}

TEST_P(Leases, AcquireAccount_OtherAccountsProvidersAndGrantsWithoutSubject_DoNotDisturb) {
  const Grant first = stored();
  Grant stranger = aGrant("stranger", "stranger@company.com");
  stranger.subject = "subject-2";
  Grant nobody = aGrant("nobody", "nobody@company.com");
  Grant noOne = aGrant("no-one", "no-one@company.com");
  nobody.subject = noOne.subject = "";
  ASSERT_TRUE(succeeds(storage().acquireAccountLease(first.id, "one", 1h)));
  for (const auto& grant : {stranger, aGrant("elsewhere", "alice@company.com", "other"), nobody, noOne}) {
    stored(grant);
    EXPECT_TRUE(succeeds(storage().acquireAccountLease(grant.id, "two", 1h))) << grant.id;
  }
  EXPECT_TRUE(failsWith(storage().acquireAccountLease("absent", "two", 1h), ErrorKind::NotFound));
}

TEST_P(Leases, AcquireAccount_ThirtyTwoGrantsAtOnce_OneGetsIt) {
  std::vector<Grant> grants;
  for (int i = 0; i < 32; ++i) {
    const auto name = "grant-" + std::to_string(i);
    grants.push_back(stored(aGrant(name, name + "@company.com")));
  }
  std::atomic<int> got{0};
  std::atomic<int> conflicts{0};
  together(32, [&](int i) {
    const auto leased = storage().acquireAccountLease(grants[static_cast<std::size_t>(i)].id, "worker", 1h);
    if (leased.ok()) ++got;
    if (!leased.ok() && leased.error().kind == ErrorKind::Conflict) ++conflicts;
  });
  EXPECT_EQ(got, 1);
  EXPECT_EQ(conflicts, 31);
}

TEST_P(Leases, ReplaceTokens_AfterTheLeaseWasLost_KeepsTheLivingPair) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "first", 0ms)));
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "second", 1h)));
  EXPECT_EQ(*storage().replaceTokens(grant.id, 1, tokens("first")), 2);
  EXPECT_EQ(read(grant.id).openIntents, 0);
  EXPECT_TRUE(
      failsWith(storage().endRefresh(grant.id, {"second", 2}, 1, failure(true, true)), ErrorKind::Conflict))
      << "the second one's bad news is about a token that is not there any more";
  EXPECT_EQ(read(grant.id).status, GrantStatus::Active);
}

TEST_P(Leases, EndRefresh_Holder_RecordsTheFailureAndFreesTheLease) {
  Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  clock.advance(2s);
  ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", 1}, 1, failure())));
  grant.fence = 1;
  grant.failures = 1;
  grant.lastError = "provider_unavailable";
  grant.lastAttemptAt = clock.now();
  grant.retryNotBefore = clock.now() + 30s;
  grant.updatedAt = clock.now();
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
  EXPECT_TRUE(succeeds(storage().acquireLease(grant.id, "other", 1h)));
}

TEST_P(Leases, EndRefresh_DeadGrant_NeedsConsentAndKeepsItsTokens) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", 1}, 1, failure(true, true))));
  EXPECT_EQ(read(grant.id).status, GrantStatus::NeedsConsent);
  EXPECT_EQ(read(grant.id).tokens.refreshToken, grant.tokens.refreshToken);
  EXPECT_EQ(read(grant.id).version, 1);
}

TEST_P(Leases, EndRefresh_Challenge_StaysUntilTheGrantLivesAgain) {
  const Grant grant = stored();
  const auto die = [&](std::int64_t fence, Version seen) {
    ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
    RefreshFailure end = failure(true, true);
    end.challenge = R"({"a":"\u00e4"})";
    ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", fence}, seen, end)));
    EXPECT_EQ(read(grant.id).challenge, end.challenge);
  };
  die(1, 1);
  ASSERT_TRUE(succeeds(storage().replaceTokens(grant.id, 1, tokens("2"))));
  EXPECT_EQ(read(grant.id).challenge, "");
  die(2, 2);
  ASSERT_TRUE(succeeds(storage().putGrant(read(grant.id), 2)));
  EXPECT_EQ(read(grant.id).challenge, "");
}

TEST_P(Leases, EndRefresh_Failures_AreCountedUntilSuccess) {
  const Grant grant = stored();
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
    ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", i}, 1, failure())));
    EXPECT_EQ(read(grant.id).failures, i);
  }
  ASSERT_TRUE(succeeds(storage().replaceTokens(grant.id, 1, tokens("2"))));
  EXPECT_EQ(read(grant.id).failures, 0);
  EXPECT_EQ(read(grant.id).lastError, "");
  EXPECT_FALSE(read(grant.id).retryNotBefore);
}

// G2
TEST_P(Leases, OpenIntents_TellOfAnUnknownOutcomeUntilItIsSettled) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", 1}, 1, failure(false))));
  EXPECT_EQ(read(grant.id).openIntents, 1) << "the provider may have acted on the refresh token";
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  EXPECT_EQ(read(grant.id).openIntents, 2);
  ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", 2}, 1, failure(true))));
  EXPECT_EQ(read(grant.id).openIntents, 0);
}

TEST_P(Leases, EndRefresh_TokensChangedMeanwhile_OnlyEndsTheLease) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  const std::string before = describe(read(grant.id));
  ASSERT_TRUE(succeeds(storage().endRefresh(grant.id, {"worker", 1}, 7, failure(true, true))));
  EXPECT_EQ(describe(read(grant.id)), before);
  EXPECT_TRUE(succeeds(storage().acquireLease(grant.id, "other", 1h)));
}

TEST_P(Leases, KeyRotation_DuringARefresh_IsRefused) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  SealedRow row{.table = "oauth_credentials",
                .id = grant.id,
                .provider = grant.provider,
                .owner = grant.profile,
                .version = 1,
                .fields = {{"access_token", "resealed"}}};
  EXPECT_TRUE(failsWith(storage().replaceSealed(row), ErrorKind::Conflict));
  EXPECT_EQ(*storage().replaceTokens(grant.id, 1, tokens("2")), 2)
      << "the refresh finds the version that it saw";
}

// The clock of SQLite and memory is the gateway's; PostgreSQL has its own, which a test cannot move.
TEST_P(Leases, Acquire_WhenTheClockPassesTheEnd_IsFreeAgain) {
  if (GetParam() == Backend::Postgres) {
    const Grant grant = stored();
    ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
    clock.advance(48h);
    EXPECT_TRUE(failsWith(storage().acquireLease(grant.id, "other", 1h), ErrorKind::Conflict))
        << "G8: a replica whose clock is wrong takes no lease from others";
    return;
  }
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 15s)));
  clock.advance(14'999ms);
  EXPECT_TRUE(failsWith(storage().acquireLease(grant.id, "other", 15s), ErrorKind::Conflict));
  clock.advance(1ms);
  EXPECT_TRUE(succeeds(storage().acquireLease(grant.id, "other", 15s)));
}

}  // namespace
}  // namespace agw::test
