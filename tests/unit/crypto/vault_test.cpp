#include "crypto/vault.hpp"

#include <gtest/gtest.h>

#include "crypto/key_check.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

FernetKey key(std::uint64_t seed) {
  test::SeededRandom random(seed);
  return *FernetKey::generate(random);
}

class VaultTest : public testing::Test {
 protected:
  Vault make(const std::vector<std::uint64_t>& seeds) {
    std::vector<FernetKey> ring;
    for (const auto seed : seeds) ring.push_back(key(seed));
    return {std::move(ring), clock_, random_};
  }

  const Place place_{.table = "oauth_credentials",
                     .column = "access_token",
                     .id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                     .provider = "example",
                     .owner = "alice@company.com"};
  const Secret secret_{std::string("CANARY-access-token")};
  test::FakeClock clock_;
  test::SeededRandom random_;
};

TEST_F(VaultTest, WhatWasSealed_OpensAtItsPlace) {
  const Vault vault = make({1});
  for (const std::string& text : {std::string(), std::string("x"), std::string(1U << 20U, 'y')}) {
    const auto sealed = vault.seal(place_, Secret(text));
    ASSERT_TRUE(sealed);
    const auto opened = vault.open(place_, *sealed);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->reveal() == text);
  }
}

TEST_F(VaultTest, SameSecretTwice_LooksDifferent) {
  const Vault vault = make({1});
  EXPECT_NE(*vault.seal(place_, secret_), *vault.seal(place_, secret_));
}

// F5
TEST_F(VaultTest, MovedToAnotherPlace_IsAnIntegrityError) {
  const Vault vault = make({1});
  const std::string sealed = *vault.seal(place_, secret_);
  for (auto member : {&Place::table, &Place::column, &Place::id, &Place::provider, &Place::owner}) {
    for (const std::string& other : {std::string("else"), std::string(), std::string(place_.*member) + "x"}) {
      Place moved = place_;
      moved.*member = other;
      const auto opened = vault.open(moved, sealed);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().kind, ErrorKind::Integrity);
      EXPECT_EQ(opened.error().code, "integrity_error");
      EXPECT_EQ(opened.error().message.find("CANARY"), std::string::npos);
    }
  }
}

// F5: text cannot wander from one part of the place, or from the secret, into a neighbour.
TEST_F(VaultTest, PartsOfThePlace_DoNotRunIntoEachOther) {
  const Vault vault = make({1});
  const Place place{.table = "t", .column = "c", .id = "1", .provider = "ab", .owner = "c"};
  const std::string sealed = *vault.seal(place, Secret(std::string("def")));
  for (const Place& other : {Place{.table = "t", .column = "c", .id = "1", .provider = "a", .owner = "bc"},
                             Place{.table = "tc", .column = "", .id = "1", .provider = "ab", .owner = "c"},
                             Place{.table = "t", .column = "c", .id = "1", .provider = "ab", .owner = "cdef"},
                             Place{.table = "t", .column = "c", .id = "1", .provider = "ab", .owner = ""}}) {
    EXPECT_FALSE(vault.open(other, sealed));
  }
}

// F5: a text of the same key that never was an envelope.
TEST_F(VaultTest, BareFernetTokenOfTheSameKey_DoesNotOpen) {
  const Vault vault = make({1});
  const Fernet fernet(key(1));
  const auto bare = fernet.encrypt(secret_, clock_.now(), random_);
  EXPECT_FALSE(vault.open(place_, *bare));
  EXPECT_FALSE(vault.open(place_, *fernet.encrypt(Secret{}, clock_.now(), random_)));
}

TEST_F(VaultTest, PlaceWithAnImpossibleName_IsRefused) {
  const Vault vault = make({1});
  const std::string huge(70'000, 'x');
  Place place = place_;
  place.owner = huge;
  EXPECT_EQ(vault.seal(place, secret_).error().kind, ErrorKind::Bug);
  EXPECT_EQ(vault.open(place, *vault.seal(place_, secret_)).error().kind, ErrorKind::Integrity);
}

TEST_F(VaultTest, Ring_FirstKeyEncryptsAllDecrypt) {
  const std::string old = *make({1}).seal(place_, secret_);
  const Vault rotated = make({2, 1});
  ASSERT_TRUE(rotated.open(place_, old));
  EXPECT_EQ(*rotated.open(place_, old), secret_);
  EXPECT_FALSE(rotated.sealedByFirstKey(old));
  const std::string fresh = *rotated.seal(place_, secret_);
  EXPECT_TRUE(rotated.sealedByFirstKey(fresh));
  EXPECT_TRUE(make({2}).open(place_, fresh));
  EXPECT_FALSE(make({1}).open(place_, fresh));
}

TEST_F(VaultTest, NoFittingKey_IsAnIntegrityError) {
  const auto opened = make({2, 3}).open(place_, *make({1}).seal(place_, secret_));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Integrity);
  EXPECT_EQ(opened.error().code, "integrity_error");
}

TEST_F(VaultTest, Garbage_IsAnIntegrityError) {
  const Vault vault = make({1});
  for (const std::string& text : {std::string(), std::string("plain text"), std::string(5000, 'A')}) {
    EXPECT_EQ(vault.open(place_, text).error().kind, ErrorKind::Integrity);
    EXPECT_FALSE(vault.sealedByFirstKey(text));
  }
}

TEST_F(VaultTest, NoRandomNumbers_NothingIsSealed) {
  const Vault vault = make({1});
  random_.broken = true;
  EXPECT_EQ(vault.seal(place_, secret_).error().kind, ErrorKind::Bug);
}

TEST_F(VaultTest, Fingerprints_AreThoseOfTheRingInOrder) {
  EXPECT_EQ(make({3, 1}).fingerprints(), (std::vector{key(3).fingerprint(), key(1).fingerprint()}));
}

class KeyCheckTest : public VaultTest {};

TEST_F(KeyCheckTest, SameKeyAnywhereInTheRing_IsRight) {
  const auto record = makeKeyCheck(make({1, 9}));
  ASSERT_TRUE(record);
  EXPECT_TRUE(verifyKeyCheck(make({1}), *record));
  EXPECT_TRUE(verifyKeyCheck(make({2, 3, 1}), *record));
}

// F4
TEST_F(KeyCheckTest, WrongKeys_AreNamedWithWhatToDo) {
  const auto checked = verifyKeyCheck(make({2, 3}), *makeKeyCheck(make({1})));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::BadOption);
  for (const std::string& word : {key(1).fingerprint(), key(2).fingerprint(), key(3).fingerprint(),
                                  std::string("AUTH_GATEWAY_ENCRYPTION_KEY")}) {
    EXPECT_NE(checked.error().message.find(word), std::string::npos) << checked.error().message;
  }
}

TEST_F(KeyCheckTest, RecordNeverHoldsAKey) {
  const std::string record = *makeKeyCheck(make({1}));
  EXPECT_EQ(record.find(key(1).text().reveal()), std::string::npos);
}

TEST_F(KeyCheckTest, DamagedRecord_StopsTheStart) {
  const Vault vault = make({1});
  const std::string record = *makeKeyCheck(vault);
  for (std::size_t size = 0; size < record.size(); ++size) {
    const auto checked = verifyKeyCheck(vault, record.substr(0, size));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::BadOption);
  }
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string changed = record;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(verifyKeyCheck(vault, changed)) << at;
  }
}

// A sealed text of a row, put in the record's place, proves nothing.
TEST_F(KeyCheckTest, SealedTextOfARow_IsNoRecord) {
  const Vault vault = make({1});
  const std::string forged = "1 " + key(1).fingerprint() + " " + *vault.seal(place_, secret_);
  EXPECT_FALSE(verifyKeyCheck(vault, forged));
}

}  // namespace
}  // namespace agw
