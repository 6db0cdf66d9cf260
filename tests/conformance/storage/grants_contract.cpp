#include "fixture.hpp"

namespace agw::test {
namespace {

class Grants : public StorageContract {};
AGW_FOR_EVERY_STORAGE(Grants);

TEST_P(Grants, Put_NewOne_ReadsBackWithEveryField) {
  Grant grant = aGrant();
  grant.status = GrantStatus::NeedsConsent;
  EXPECT_EQ(*storage().putGrant(grant, 0), 1);
  grant.version = 1;
  const auto found = storage().findGrant("example", "alice@company.com");
  ASSERT_TRUE(succeeds(found));
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ(describe(**found), describe(grant));
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
}

TEST_P(Grants, Put_WithoutEndCarryOrRefreshToken_ReadsBackAbsent) {
  Grant grant = aGrant();
  grant.tokens.refreshToken.clear();
  grant.tokens.carry.clear();
  grant.tokens.accessExpiresAt.reset();
  grant.tokens.refreshExpiresAt.reset();
  grant.tokens.scopes.clear();
  const Grant found = stored(grant);
  grant.version = 1;
  EXPECT_EQ(describe(found), describe(grant));
}

TEST_P(Grants, Find_NothingThere_IsAbsentAndNoError) {
  ASSERT_TRUE(succeeds(storage().findGrant("example", "nobody@company.com")));
  EXPECT_FALSE(storage().findGrant("example", "nobody@company.com")->has_value());
  EXPECT_FALSE(storage().findGrantById("no-such-id")->has_value());
  EXPECT_TRUE(storage().listGrants("nobody@company.com")->empty());
}

TEST_P(Grants, Find_OtherProviderOrProfile_IsNeverReturned) {
  stored();
  EXPECT_FALSE(storage().findGrant("other", "alice@company.com")->has_value());
  EXPECT_FALSE(storage().findGrant("example", "bob@company.com")->has_value());
  EXPECT_FALSE(storage().findGrant("EXAMPLE", "alice@company.com")->has_value());
}

TEST_P(Grants, List_SeveralProviders_AreOrderedByProvider) {
  stored(aGrant("c", "alice@company.com", "zeta"));
  stored(aGrant("a", "alice@company.com", "Beta"));
  stored(aGrant("b", "alice@company.com", "alpha"));
  stored(aGrant("d", "bob@company.com", "alpha"));
  std::string order;
  const auto grants = storage().listGrants("alice@company.com");
  ASSERT_TRUE(succeeds(grants));
  for (const auto& grant : *grants) order += grant.provider + " ";
  EXPECT_EQ(order, "Beta alpha zeta ");
}

TEST_P(Grants, PutNew_RowOfThatOwnerExists_IsConflictAndChangesNothing) {
  const Grant first = stored();
  Grant second = aGrant("44444444-4444-4444-8444-444444444444");
  second.tokens = tokens("2");
  EXPECT_TRUE(failsWith(storage().putGrant(second, 0), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(first.id)), describe(first));
  EXPECT_FALSE(storage().findGrantById(second.id)->has_value());
}

TEST_P(Grants, PutNew_IdTaken_IsConflict) {
  const Grant first = stored();
  EXPECT_TRUE(failsWith(storage().putGrant(aGrant(first.id, "bob@company.com"), 0), ErrorKind::Conflict));
}

TEST_P(Grants, PutNew_ThirtyTwoAtOnce_OneIsStored) {
  std::atomic<int> stored{0};
  std::atomic<int> conflicts{0};
  together(32, [&](int i) {
    const auto result = storage().putGrant(aGrant("grant-" + std::to_string(i)), 0);
    if (result.ok()) ++stored;
    if (!result.ok() && result.error().kind == ErrorKind::Conflict) ++conflicts;
  });
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(conflicts, 31);
}

TEST_P(Grants, PutAgain_SeenVersion_ReplacesWholeAndEndsTheStoryOfRefreshes) {
  const Grant first = stored();
  const auto leased = storage().acquireLease(first.id, "worker", std::chrono::hours(1));
  ASSERT_TRUE(succeeds(leased));
  const RefreshFailure failure{.error = "provider_unavailable",
                               .at = clock.now(),
                               .retryNotBefore = clock.now() + std::chrono::minutes(5),
                               .dead = true,
                               .intentSettled = false};
  ASSERT_TRUE(succeeds(storage().endRefresh(first.id, {"worker", leased->fence}, 1, failure)));
  ASSERT_TRUE(succeeds(storage().acquireLease(first.id, "worker", std::chrono::hours(1))));

  Grant next = aGrant();
  next.tokens = tokens("2");
  next.subject = "subject-2";
  next.issuer = "https://other.example";
  next.createdAt = clock.now() - std::chrono::hours(9);
  next.failures = 7;  // what the caller says of refreshes does not count
  next.lastError = "odd";
  next.openIntents = 5;
  EXPECT_EQ(*storage().putGrant(next, 1), 2);

  next.version = 2;
  next.fence = 2;
  next.failures = 0;
  next.lastError.clear();
  next.openIntents = 0;
  EXPECT_EQ(describe(read(first.id)), describe(next));
  EXPECT_TRUE(succeeds(storage().acquireLease(first.id, "other", std::chrono::hours(1))))
      << "the lease has ended";
}

TEST_P(Grants, PutAgain_OtherVersion_IsConflictAndChangesNothing) {
  const Grant first = stored();
  Grant next = aGrant();
  next.tokens = tokens("2");
  EXPECT_TRUE(failsWith(storage().putGrant(next, 2), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().putGrant(aGrant("absent", "bob@company.com"), 1), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(first.id)), describe(first));
}

TEST_P(Grants, CountOthers_SameAccountSameProvider_CountsLivingAndDeadButNotTheNamedOne) {
  stored(aGrant("a", "alice@company.com"));
  Grant dead = aGrant("b", "bob@company.com");
  dead.status = GrantStatus::NeedsConsent;
  stored(dead);
  stored(aGrant("c", "carol@company.com", "other"));
  Grant stranger = aGrant("d", "dave@company.com");
  stranger.subject = "subject-2";
  stored(stranger);
  EXPECT_EQ(*storage().countOtherGrants("example", "subject-1", "a"), 1);
  EXPECT_EQ(*storage().countOtherGrants("example", "subject-1", ""), 2);
  EXPECT_EQ(*storage().countOtherGrants("example", "subject-9", "a"), 0);
}

TEST_P(Grants, Count_TellsStatesAndWhatEndsSoonByProvider) {
  using std::chrono::hours;
  const auto now = clock.now();
  const auto store = [&](const std::string& id, const std::string& provider, auto change) {
    Grant grant = aGrant(id, id + "@company.com", provider);
    grant.tokens.issuedAt = now - hours(90);
    grant.tokens.refreshExpiresAt.reset();
    change(grant);
    return stored(grant);
  };
  store("endless", "example", [](Grant&) {});
  store("dead", "example", [](Grant& grant) { grant.status = GrantStatus::NeedsConsent; });
  store("ending", "example", [&](Grant& grant) { grant.tokens.refreshExpiresAt = now + hours(10); });
  store("renewed-in-time", "example", [&](Grant& grant) { grant.tokens.refreshExpiresAt = now + hours(40); });
  store("ending-later", "example", [&](Grant& grant) {
    grant.tokens.issuedAt = now - hours(9'000);
    grant.tokens.refreshExpiresAt = now + hours(200);
  });
  store("ending-without-refresh-token", "other", [&](Grant& grant) {
    grant.tokens.refreshToken.clear();
    grant.tokens.accessExpiresAt = now + hours(1);
  });
  const auto failing = store("failing", "other", [](Grant&) {});
  const auto lease = storage().acquireLease(failing.id, "worker", hours(1));
  ASSERT_TRUE(succeeds(lease));
  ASSERT_TRUE(
      succeeds(storage().endRefresh(failing.id, {"worker", lease->fence}, failing.version,
                                    {.error = "provider_unavailable", .at = now, .retryNotBefore = {}})));
  const auto counts = storage().countGrants(now, now + hours(168));
  ASSERT_TRUE(succeeds(counts));
  EXPECT_EQ(*counts,
            (std::vector<GrantCount>{
                {.provider = "example", .active = 4, .needsConsent = 1, .failing = 0, .ending = 1, .due = 4},
                {.provider = "other", .active = 2, .needsConsent = 0, .failing = 1, .ending = 1, .due = 2}}));
}

TEST_P(Grants, Count_NoGrants_IsEmpty) {
  const auto counts = storage().countGrants(clock.now(), clock.now());
  ASSERT_TRUE(succeeds(counts));
  EXPECT_TRUE(counts->empty());
}

TEST_P(Grants, ReplaceTokens_SeenVersion_WritesThemAndMakesTheGrantWhole) {
  Grant grant = aGrant();
  grant.status = GrantStatus::NeedsConsent;
  stored(grant);
  ASSERT_TRUE(succeeds(storage().acquireLease(grant.id, "worker", std::chrono::hours(1))));
  clock.advance(std::chrono::minutes(3));
  const SealedTokens next = tokens("2");
  EXPECT_EQ(*storage().replaceTokens(grant.id, 1, next), 2);

  grant.tokens = next;
  grant.status = GrantStatus::Active;
  grant.version = 2;
  grant.fence = 1;
  grant.updatedAt = clock.now();
  grant.lastAttemptAt = next.issuedAt;
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
}

TEST_P(Grants, ReplaceTokens_OtherVersion_IsConflictAndKeepsWhatIsStored) {
  const Grant grant = stored();
  EXPECT_TRUE(failsWith(storage().replaceTokens(grant.id, 2, tokens("2")), ErrorKind::Conflict));
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
}

TEST_P(Grants, ReplaceTokens_GrantGone_IsNotFound) {
  EXPECT_TRUE(failsWith(storage().replaceTokens("absent", 1, tokens("2")), ErrorKind::NotFound));
}

TEST_P(Grants, ReplaceTokens_ThirtyTwoWithOneVersion_OneWrites) {
  const Grant grant = stored();
  std::atomic<int> written{0};
  std::string winner;
  together(32, [&](int i) {
    const SealedTokens mine = tokens(std::to_string(i));
    if (storage().replaceTokens(grant.id, 1, mine).ok() && ++written == 1) winner = mine.refreshToken;
  });
  EXPECT_EQ(written, 1);
  EXPECT_EQ(read(grant.id).tokens.refreshToken, winner);
  EXPECT_EQ(read(grant.id).version, 2);
}

// F6: a rotation of keys and a refresh at the same time; no rotated token may be overwritten by an old one.
TEST_P(Grants, ReplaceTokens_AgainstKeyRotation_NeverLosesTheNewToken) {
  const Grant grant = stored();
  std::atomic<bool> refreshed{false};
  together(8, [&](int i) {
    for (int round = 0; round < 20; ++round) {
      const Grant now = **storage().findGrantById(grant.id);
      if (i == 0 && !refreshed) {
        if (storage().replaceTokens(grant.id, now.version, tokens("new")).ok()) refreshed = true;
      } else if (i != 0) {
        SealedRow row{.table = "oauth_credentials",
                      .id = grant.id,
                      .provider = now.provider,
                      .owner = now.profile,
                      .version = now.version,
                      .fields = {{"refresh_token", now.tokens.refreshToken}}};
        (void)storage().replaceSealed(row).ok();
      }
    }
  });
  EXPECT_EQ(read(grant.id).tokens.refreshToken, refreshed ? "sealed-refresh-new" : "sealed-refresh-1");
  EXPECT_EQ(read(grant.id).tokens.accessToken, refreshed ? "sealed-access-new" : "sealed-access-1");
}

}  // namespace
}  // namespace agw::test
