#include "app/key_guard.hpp"

#include <gtest/gtest.h>

#include "app/reencrypt.hpp"
#include "broker/places.hpp"
#include "broker/seal.hpp"
#include "storage/open.hpp"
#include "support/fakes.hpp"
#include "support/faulty_storage.hpp"

namespace agw {
namespace {

using test::FakeClock;
using test::RecordingLog;
using test::SeededRandom;

/// A database and the keys that the tests change.
class Keys : public testing::Test {
 protected:
  FernetKey newKey() { return FernetKey::generate(random).value(); }
  Vault vaultOf(std::vector<FernetKey> ring) { return Vault(std::move(ring), clock, random); }

  Grant store(const Vault& vault, const std::string& profile) {
    Grant grant;
    grant.id = newUuid(random).value();
    grant.provider = "one";
    grant.profile = profile;
    grant.createdAt = grant.consentedAt = grant.updatedAt = clock.now();
    grant.tokens = sealed(vault, grant, "access-" + profile);
    grant.version = storage->putGrant(grant, 0).value();
    return grant;
  }

  SealedTokens sealed(const Vault& vault, const Grant& grant, const std::string& access) {
    PlainTokens tokens;
    tokens.access = Secret(access);
    tokens.refresh = Secret("refresh of " + grant.profile);
    tokens.issuedAt = clock.now();
    return sealTokens(vault, grant, tokens).value();
  }

  std::string messageOf(const Result<void>& result) { return result ? "" : result.error().message; }

  FakeClock clock;
  SeededRandom random;
  RecordingLog log;
  std::unique_ptr<Storage> storage = makeMemoryStorage(clock);
};

TEST_F(Keys, Guard_OfAnEmptyDatabase_RecordsTheKey) {
  const auto first = newKey();
  const auto vault = vaultOf({first});
  ASSERT_TRUE(guardKeys(*storage, vault, log));
  EXPECT_EQ(keysInUse(*storage).value(), std::set<std::string>{first.fingerprint()});
  EXPECT_TRUE(storage->readMeta("key_check").value());
  EXPECT_TRUE(guardKeys(*storage, vault, log));
}

// F4
TEST_F(Keys, Guard_WithAnotherKey_RefusesAndWritesNothing) {
  ASSERT_TRUE(guardKeys(*storage, vaultOf({newKey()}), log));
  const auto check = storage->readMeta("key_check").value();
  const auto used = storage->readMeta("keys_in_use").value();
  const auto refused = guardKeys(*storage, vaultOf({newKey()}), log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(storage->readMeta("key_check").value(), check);
  EXPECT_EQ(storage->readMeta("keys_in_use").value(), used);
}

// F4: a database that came without its records is judged by its rows.
TEST_F(Keys, Guard_OfRowsWithoutRecord_AsksTheRows) {
  const auto right = newKey();
  for (int i = 0; i < 30; ++i) store(vaultOf({right}), "user" + std::to_string(i) + "@example.com");
  EXPECT_EQ(messageOf(guardKeys(*storage, vaultOf({newKey()}), log)),
            "The keys given do not read 30 rows of this database. Set AUTH_GATEWAY_ENCRYPTION_KEY to the key "
            "that they "
            "were written with.");
  EXPECT_FALSE(storage->readMeta("key_check").value());
  EXPECT_TRUE(guardKeys(*storage, vaultOf({right}), log));
}

// F7
TEST_F(Keys, Guard_WithoutAKeyThatRowsNeed_RefusesWithTheirNumber) {
  const auto old = newKey();
  const auto next = newKey();
  ASSERT_TRUE(guardKeys(*storage, vaultOf({old}), log));
  for (int i = 0; i < 7; ++i) store(vaultOf({old}), "user" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(guardKeys(*storage, vaultOf({next, old}), log));
  store(vaultOf({next, old}), "late@example.com");
  const std::string message = messageOf(guardKeys(*storage, vaultOf({next}), log));
  EXPECT_NE(message.find("7 stored rows still need the key " + old.fingerprint()), std::string::npos)
      << message;
  EXPECT_TRUE(guardKeys(*storage, vaultOf({next, old}), log));
}

TEST_F(Keys, Guard_WithoutAKeyThatNoRowNeeds_LetsItGo) {
  const auto old = newKey();
  const auto next = newKey();
  ASSERT_TRUE(guardKeys(*storage, vaultOf({old}), log));
  ASSERT_TRUE(guardKeys(*storage, vaultOf({next, old}), log));
  ASSERT_TRUE(guardKeys(*storage, vaultOf({next}), log));
  EXPECT_EQ(keysInUse(*storage).value(), std::set<std::string>{next.fingerprint()});
  EXPECT_TRUE(guardKeys(*storage, vaultOf({next}), log));
}

// F5: damage of one row is told, and stops nothing.
TEST_F(Keys, Guard_OfADamagedRow_TellsAndStarts) {
  const auto key = newKey();
  const auto vault = vaultOf({key});
  ASSERT_TRUE(guardKeys(*storage, vault, log));
  store(vault, "a@example.com");
  auto rows = storage->sealedRows("", "", 10).value();
  ASSERT_EQ(rows.size(), 1U);
  std::swap(rows[0].fields[0].text, rows[0].fields[1].text);
  ASSERT_TRUE(storage->replaceSealed(rows[0]));
  EXPECT_TRUE(guardKeys(*storage, vault, log));
  ASSERT_FALSE(log.lines().empty());
  EXPECT_NE(log.lines().back().find("sealed_row_unreadable"), std::string::npos);
}

class Reencrypt : public Keys {
 protected:
  void SetUp() override {
    for (int i = 0; i < 230; ++i) store(vaultOf({old}), "user" + std::to_string(i) + "@example.com");
  }
  Reencryption with(const Vault& vault, const std::vector<FernetKey>& ring) {
    return {*storage, vault, ring, [this](const std::string& line) { told.push_back(line); },
            [this] { ++pauses; }};
  }
  FernetKey old = newKey();
  FernetKey next = newKey();
  std::vector<std::string> told;
  int pauses = 0;
};

TEST_F(Reencrypt, Count_SaysWhichKeyHowManyRowsNeed_AndWritesNothing) {
  const auto vault = vaultOf({next, old});
  const auto before = storage->sealedRows("", "", 1).value()[0].fields[0].text;
  const auto census = with(vault, {next, old}).count().value();
  EXPECT_EQ(census.rows, 230U);
  EXPECT_EQ(census.rowsByKey.at(old.fingerprint()), 230U);
  EXPECT_EQ(census.rowsByKey.at(next.fingerprint()), 0U);
  EXPECT_FALSE(census.onlyOn(next.fingerprint()));
  EXPECT_EQ(storage->sealedRows("", "", 1).value()[0].fields[0].text, before);
}

TEST_F(Reencrypt, Run_LeavesNoRowOnTheOldKey_AndEveryTokenReadable) {
  const auto vault = vaultOf({next, old});
  auto reencryption = with(vault, {next, old});
  EXPECT_EQ(reencryption.run().value(), 230U);
  EXPECT_TRUE(reencryption.count().value().onlyOn(next.fingerprint()));
  const auto grant = storage->findGrant("one", "user77@example.com").value();
  ASSERT_TRUE(grant);
  EXPECT_EQ(openTokens(vaultOf({next}), *grant).value().access.reveal(), "access-user77@example.com");
}

TEST_F(Reencrypt, Run_AfterItIsDone_WritesNothing) {
  const auto vault = vaultOf({next, old});
  auto reencryption = with(vault, {next, old});
  ASSERT_TRUE(reencryption.run());
  const auto version = storage->sealedRows("", "", 1).value()[0].version;
  EXPECT_EQ(reencryption.run().value(), 0U);
  EXPECT_EQ(storage->sealedRows("", "", 1).value()[0].version, version);
}

// F7
TEST_F(Reencrypt, RowThatNoKeyReads_IsCountedAndLeftAlone) {
  const auto vault = vaultOf({next, old});
  const auto lost = store(vaultOf({newKey()}), "lost@example.com");
  auto reencryption = with(vault, {next, old});
  ASSERT_TRUE(reencryption.run());
  const auto census = reencryption.count().value();
  EXPECT_EQ(census.unreadable, 1U);
  EXPECT_FALSE(census.onlyOn(next.fingerprint()));
  EXPECT_EQ(storage->findGrantById(lost.id).value()->tokens.accessToken, lost.tokens.accessToken);
}

/// Calls `meanwhile` at the fifth request for octets: in the middle of a run, between reading a row and
/// writing it.
class RacingRandom final : public Random {
 public:
  explicit RacingRandom(Random& inner) : inner_(inner) {}
  Result<std::string> bytes(std::size_t count) override {
    if (++calls_ == 5) meanwhile();
    return inner_.bytes(count);
  }
  std::function<void()> meanwhile;

 private:
  Random& inner_;
  int calls_ = 0;
};

// F6, the lost update: a token that was renewed while its row was re-encrypted is the one that stays.
TEST_F(Reencrypt, TokensRenewedMeanwhile_StayAndGoOverToo) {
  const auto live = vaultOf({old});  // a gateway that does not know the new key yet
  RacingRandom racing(random);
  racing.meanwhile = [&] {
    for (int i = 0; i < 230; ++i) {
      const auto grant = storage->findGrant("one", "user" + std::to_string(i) + "@example.com").value();
      ASSERT_TRUE(storage->replaceTokens(grant->id, grant->version, sealed(live, *grant, "renewed")));
    }
  };
  const Vault vault({next, old}, clock, racing);
  auto reencryption = with(vault, {next, old});
  ASSERT_TRUE(reencryption.run());
  EXPECT_EQ(pauses, 1);
  EXPECT_TRUE(reencryption.count().value().onlyOn(next.fingerprint()));
  for (int i = 0; i < 230; ++i) {
    const auto grant = storage->findGrant("one", "user" + std::to_string(i) + "@example.com").value();
    ASSERT_EQ(openTokens(vaultOf({next}), *grant).value().access.reveal(), "renewed");
  }
}

// F7: wherever a run is cut, the next one finishes it.
TEST_F(Reencrypt, RunCutAnywhere_IsFinishedByTheNext) {
  const auto vault = vaultOf({next, old});
  test::FaultyStorage faulty(*storage);
  Reencryption cut(
      faulty, vault, {next, old}, [](const std::string&) {}, [] {});
  for (const int call : {1, 2, 3, 15, 30, 40}) {
    for (const auto when : {test::FaultyStorage::When::Before, test::FaultyStorage::When::After}) {
      faulty.failCall(call, when);
      EXPECT_FALSE(cut.run());
      EXPECT_EQ(with(vault, {next, old}).count().value().unreadable, 0U);
    }
  }
  faulty.failCall(0);
  ASSERT_TRUE(cut.run());
  EXPECT_TRUE(cut.count().value().onlyOn(next.fingerprint()));
}

}  // namespace
}  // namespace agw
