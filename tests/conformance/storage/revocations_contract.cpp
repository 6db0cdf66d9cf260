#include "fixture.hpp"

#include <set>

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Revocations : public StorageContract {
 protected:
  std::vector<PendingRevocation> claim(TimePoint now, int limit = 100) {
    auto claimed = storage().claimRevocations(now, 60s, limit);
    EXPECT_TRUE(succeeds(claimed));
    return claimed.ok() ? *claimed : std::vector<PendingRevocation>();
  }
};
AGW_FOR_EVERY_STORAGE(Revocations);

TEST_P(Revocations, Revoke_DeletesTheGrantAndQueuesTheRevocation) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().revokeGrant(grant.id, 1, aRevocation())));
  EXPECT_FALSE(storage().findGrant("example", "alice@company.com")->has_value());
  const auto queued = claim(clock.now());
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(queued[0].id, aRevocation().id);
  EXPECT_EQ(queued[0].provider, "example");
  EXPECT_EQ(queued[0].profile, "alice@company.com");
  EXPECT_EQ(queued[0].tokens, "sealed-revocation");
  EXPECT_EQ(queued[0].attempts, 0);
  EXPECT_EQ(queued[0].createdAt, clock.now());
}

TEST_P(Revocations, Revoke_GoneOrOtherVersion_QueuesNothing) {
  const Grant grant = stored();
  EXPECT_TRUE(failsWith(storage().revokeGrant("absent", 1, aRevocation()), ErrorKind::NotFound));
  EXPECT_TRUE(failsWith(storage().revokeGrant(grant.id, 2, aRevocation()), ErrorKind::Conflict));
  EXPECT_TRUE(claim(clock.now()).empty());
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
}

TEST_P(Revocations, Revoke_RevocationIdTaken_KeepsTheGrant) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation())));
  EXPECT_TRUE(failsWith(storage().revokeGrant(grant.id, 1, aRevocation()), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(grant.id)), describe(grant)) << "both or neither";
}

// G5
TEST_P(Revocations, RevokeAgainstReplaceTokens_EitherOrderEndsConsistent) {
  for (int round = 0; round < 10; ++round) {
    const Grant grant =
        stored(aGrant("grant-" + std::to_string(round), std::to_string(round) + "@company.com"));
    std::atomic<bool> revoked{false};
    std::atomic<bool> replaced{false};
    together(2, [&](int i) {
      if (i == 0)
        revoked = storage().revokeGrant(grant.id, 1, aRevocation("r-" + std::to_string(round))).ok();
      if (i == 1) replaced = storage().replaceTokens(grant.id, 1, tokens("2")).ok();
    });
    EXPECT_NE(revoked, replaced) << "one of the two saw a version that was not there any more";
    EXPECT_EQ(storage().findGrantById(grant.id)->has_value(), replaced);
  }
}

TEST_P(Revocations, ReplaceTokens_AfterRevoke_IsNotFoundAndStaysGone) {
  const Grant grant = stored();
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", 1h)));
  ASSERT_TRUE(succeeds(storage().revokeGrant(grant.id, 1, aRevocation())));
  EXPECT_TRUE(failsWith(storage().replaceTokens(grant.id, 1, tokens("2")), ErrorKind::NotFound));
  EXPECT_FALSE(storage().findGrantById(grant.id)->has_value());
}

TEST_P(Revocations, Claim_OldestFirstUpToTheLimitAndOnlyDueOnes) {
  const TimePoint start = clock.now();
  for (const auto& [id, age, due] : {std::tuple("b", 2min, 0s), std::tuple("a", 3min, 0s),
                                     std::tuple("c", 1min, 0s), std::tuple("later", 9min, 10s)}) {
    PendingRevocation revocation = aRevocation(id);
    revocation.createdAt = start - age;
    revocation.notBefore = start + due;
    ASSERT_TRUE(succeeds(storage().queueRevocation(revocation)));
  }
  const auto first = claim(start, 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].id, "a");
  EXPECT_EQ(first[1].id, "b");
  EXPECT_EQ(first[0].notBefore, start + 60s);
  const auto second = claim(start);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id, "c");
  EXPECT_EQ(claim(start + 10s).size(), 1U) << "the one that was not due";
  EXPECT_EQ(claim(start + 61s).size(), 3U) << "those whose claimer never came back";
}

TEST_P(Revocations, Claim_OldOnesThatComeAgain_KeepNoOtherWaiting) {
  const TimePoint start = clock.now();
  for (const auto& [id, age, due] :
       {std::tuple("again", 9min, 10s), std::tuple("young", 1min, 0s), std::tuple("old", 2min, 0s)}) {
    PendingRevocation revocation = aRevocation(id);
    revocation.createdAt = start - age;
    revocation.notBefore = start + due;
    ASSERT_TRUE(succeeds(storage().queueRevocation(revocation)));
  }
  const auto first = claim(start + 10s, 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].id, "old");
  EXPECT_EQ(first[1].id, "young");
}

TEST_P(Revocations, Claim_SeveralReplicas_EachRevocationGoesToOne) {
  constexpr int kCount = 60;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation("r-" + std::to_string(i)))));
  }
  std::mutex mutex;
  std::multiset<std::string> claimed;
  together(4, [&](int) {
    for (;;) {
      const auto batch = storage().claimRevocations(clock.now(), 60s, 7);
      // A replica may find all rows locked by others: only an empty queue ends the test.
      if (!batch.ok()) return;
      const std::lock_guard lock(mutex);
      for (const auto& revocation : *batch) claimed.insert(revocation.id);
      if (claimed.size() >= kCount) return;
    }
  });
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kCount));
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), static_cast<std::size_t>(kCount));
}

TEST_P(Revocations, Postpone_CountsTheAttemptAndSetsTheTime) {
  ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation())));
  ASSERT_TRUE(succeeds(storage().postponeRevocation(aRevocation().id, clock.now() + 5min)));
  EXPECT_TRUE(claim(clock.now() + 299s).empty());
  const auto due = claim(clock.now() + 5min);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].attempts, 1);
}

TEST_P(Revocations, Delete_Acknowledged_IsGoneForEver) {
  ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation())));
  ASSERT_TRUE(succeeds(storage().deleteRevocation(aRevocation().id)));
  EXPECT_TRUE(claim(clock.now() + 24h).empty());
  EXPECT_TRUE(succeeds(storage().deleteRevocation(aRevocation().id))) << "a second time has no effect";
  EXPECT_TRUE(succeeds(storage().postponeRevocation(aRevocation().id, clock.now())));
}

TEST_P(Revocations, Queue_IdTaken_IsConflict) {
  ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation())));
  EXPECT_TRUE(failsWith(storage().queueRevocation(aRevocation()), ErrorKind::Conflict));
}

}  // namespace
}  // namespace agw::test
