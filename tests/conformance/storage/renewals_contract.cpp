#include "fixture.hpp"
#include "storage/sql/dialect.hpp"
#include "storage/sql/renewals.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/file.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Renewals : public StorageContract {
 protected:
  // Tokens of the fixture live for an hour: the schedule looks at them after half of it.
  std::string claimed(TimePoint now, int limit = 10, std::chrono::seconds claim = 60s) {
    const auto due = storage().claimDueGrants("example", now, claim, limit);
    EXPECT_TRUE(succeeds(due));
    std::string ids;
    for (const auto& each : *due) ids += each.grant.id + " ";
    return ids;
  }
  Grant named(const std::string& id, std::chrono::seconds life = 1h,
              const std::string& provider = "example") {
    Grant grant = aGrant(id, id + "@company.com", provider);
    grant.tokens.accessExpiresAt = clock.now() + life;
    return stored(grant);
  }
};
AGW_FOR_EVERY_STORAGE(Renewals);

TEST_P(Renewals, NewTokens_AreLookedAtAfterHalfOfTheirLife) {
  const Grant grant = stored();
  const auto half = clock.now() + 30min;
  EXPECT_EQ(claimed(half - 1ms), "");
  const auto due = storage().claimDueGrants("example", half, 60s, 10);
  ASSERT_TRUE(succeeds(due));
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(describe(due->front().grant), describe(grant));
  EXPECT_FALSE(due->front().readAt);
}
TEST_P(Renewals, TokensWithoutEnd_AreLookedAtAfterADay) {
  Grant grant = aGrant();
  grant.tokens.accessExpiresAt.reset();
  stored(grant);
  EXPECT_EQ(claimed(clock.now() + 24h - 1ms), "");
  EXPECT_EQ(claimed(clock.now() + 24h), grant.id + " ");
}
TEST_P(Renewals, ClaimedGrant_IsNobodyElsesUntilTheClaimIsOver) {
  named("a");
  const auto now = clock.now() + 1h;
  EXPECT_EQ(claimed(now), "a ");
  EXPECT_EQ(claimed(now + 59s), "");
  EXPECT_EQ(claimed(now + 60s), "a ");
}
TEST_P(Renewals, MoreThanAskedFor_TheLongestDueGoFirstAndWhatEndsFirstStandsInFront) {
  named("due-third", 180s);
  named("due-first", 60s);
  named("due-second", 120s);
  const auto now = clock.now() + 1h;
  EXPECT_EQ(claimed(now, 2), "due-first due-second ");
  EXPECT_EQ(claimed(now, 2), "due-third ");
  EXPECT_EQ(claimed(now, 0), "");
}
TEST_P(Renewals, OtherProvidersAndDeadGrants_AreNotDue) {
  named("other", 1h, "other");
  Grant dead = aGrant("dead");
  dead.status = GrantStatus::NeedsConsent;
  stored(dead);
  EXPECT_EQ(claimed(clock.now() + 24h), "");
}
TEST_P(Renewals, ThirtyTwoClaimAtOnce_EachGrantGoesToOne) {
  constexpr int kGrants = 100;
  for (int i = 0; i < kGrants; ++i) named("grant-" + std::to_string(i));
  std::atomic<int> total{0};
  together(32, [&](int) {
    for (int i = 0; i < 4; ++i) {
      const auto due = storage().claimDueGrants("example", clock.now() + 1h, 60s, 7);
      if (due.ok()) total += static_cast<int>(due->size());
    }
  });
  while (true) {  // those who found the rows in others' hands came away with less
    const auto rest = storage().claimDueGrants("example", clock.now() + 1h, 60s, 100);
    ASSERT_TRUE(succeeds(rest));
    if (rest->empty()) break;
    total += static_cast<int>(rest->size());
  }
  EXPECT_EQ(total, kGrants);
}

TEST_P(Renewals, Postponed_ComesAtItsTimeUnlessItsTokensChanged) {
  const Grant grant = named("a");
  const auto until = clock.now() + 50min;
  ASSERT_TRUE(succeeds(storage().postponeRenewals({{"a", grant.version, until}, {"absent", 1, until}})));
  EXPECT_EQ(claimed(until - 1ms), "");
  ASSERT_TRUE(succeeds(storage().postponeRenewals({{"a", grant.version + 1, until + 1h}})));
  EXPECT_EQ(claimed(until), "a ");
  EXPECT_EQ(describe(read("a")), describe(grant)) << "nothing else changes";
}
TEST_P(Renewals, NewTokensOrAnotherConsent_StartTheScheduleAnew) {
  Grant grant = named("a", 60s);
  clock.advance(1h);
  ASSERT_TRUE(succeeds(storage().replaceTokens("a", 1, tokens("2"))));
  EXPECT_EQ(claimed(clock.now() + 30min - 1ms), "");
  EXPECT_EQ(claimed(clock.now() + 30min), "a ");
  grant.tokens = tokens("3");
  ASSERT_TRUE(succeeds(storage().putGrant(grant, 2)));
  EXPECT_EQ(claimed(clock.now() + 30min - 1ms), "");
  EXPECT_EQ(claimed(clock.now() + 30min), "a ");
}
TEST_P(Renewals, FailedRefresh_ComesWhenTheBackOffIsOver) {
  named("a", 60s);
  const auto retry = clock.now() + 5min;
  ASSERT_TRUE(succeeds(storage().acquireLease("a", "worker", 1h)));
  ASSERT_TRUE(succeeds(storage().endRefresh(
      "a", {"worker", 1}, 1, {.error = "provider_unavailable", .at = clock.now(), .retryNotBefore = retry})));
  EXPECT_EQ(claimed(retry - 1ms), "");
  EXPECT_EQ(claimed(retry), "a ");
}
TEST_P(Renewals, FailedRefreshWithoutATime_StaysWhereItIs) {
  named("a", 60s);
  ASSERT_TRUE(succeeds(storage().acquireLease("a", "worker", 1h)));
  ASSERT_TRUE(succeeds(storage().endRefresh("a", {"worker", 1}, 1,
                                            {.error = "odd", .at = clock.now(), .retryNotBefore = {}})));
  EXPECT_EQ(claimed(clock.now() + 30s - 1ms), "");
  EXPECT_EQ(claimed(clock.now() + 30s), "a ");
}

TEST_P(Renewals, Reads_AreNotedAndNeverGoBack) {
  named("a", 60s);
  named("b", 120s);
  const auto first = clock.now() + 1min;
  ASSERT_TRUE(succeeds(storage().markRead({"b", "absent", "a"}, first)));
  ASSERT_TRUE(succeeds(storage().markRead({"a"}, first + 1h)));
  ASSERT_TRUE(succeeds(storage().markRead({"a"}, first)));
  const auto due = storage().claimDueGrants("example", clock.now() + 1h, 60s, 10);
  ASSERT_TRUE(succeeds(due));
  ASSERT_EQ(due->size(), 2U);
  EXPECT_EQ(due->at(0).readAt, first + 1h);
  EXPECT_EQ(due->at(1).readAt, first);
  EXPECT_EQ(read("a").version, 1);
}
TEST_P(Renewals, Count_TellsHowManyAreDue) {
  named("a", 60s);
  named("b", 3h);
  const auto counts = storage().countGrants(clock.now() + 1h, clock.now());
  ASSERT_TRUE(succeeds(counts));
  EXPECT_EQ(counts->front().due, 1);
}

/// The statement with literals in the place of its parameters.
std::string withLiterals() {
  std::string text;
  const char* literals[] = {"60", "'example'", "1000", "100"};
  int parameter = 0;
  for (const char c : storage::kClaimDueGrants.text) {
    if (c == '?') {
      text += literals[parameter++];
    } else {
      text += c;
    }
  }
  return text;
}

// No scan: the plan of the claim, among many grants of which few are due.
TEST_P(Renewals, Claim_ReadsTheIndexOfTheSchedule) {
  constexpr int kGrants = 20'000;
  if (GetParam() == Backend::Sqlite) {
    const auto path = storage::prepareFile(settings_.path, log);
    ASSERT_TRUE(succeeds(path));
    const auto lock = storage::LockFile::open(*path);
    ASSERT_TRUE(succeeds(lock));
    storage::SqliteConnection connection(*path, clock, *lock);
    connection.ready(std::chrono::steady_clock::now() + 10s);
    static const storage::Sql explain{"EXPLAIN QUERY PLAN " +
                                      storage::spell(withLiterals(), storage::kSqliteDialect)};
    std::string plan;
    connection.execute(explain, {}, [&](const storage::Row& row) { plan += row.text(3) + "\n"; });
    EXPECT_NE(plan.find("USING INDEX idx_credentials_renewal (provider_id=? AND renew_at<?)"),
              std::string::npos)
        << plan;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
  } else if (GetParam() == Backend::Postgres) {
    database_->query(
        "INSERT INTO oauth_credentials (id, profile_id, provider_id, access_token, issued_at, created_at, "
        "consented_at, updated_at, renew_at) SELECT 'grant-' || n, 'user-' || n, 'example', 'sealed', 0, 0, "
        "0, "
        "0, n FROM generate_series(1, " +
        std::to_string(kGrants) + ") AS n");
    database_->query("ANALYZE oauth_credentials");
    const std::string plan = database_->query("EXPLAIN (FORMAT JSON) " +
                                              storage::spell(withLiterals(), storage::kPostgresDialect));
    EXPECT_NE(plan.find("\"idx_credentials_renewal\""), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("\"Sort\""), std::string::npos) << plan;
  }
}

}  // namespace
}  // namespace agw::test
