#include "app/api_key.hpp"

#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace agw {
namespace {

// C3
TEST(ApiKey, New_HasMarkLengthAndChecksum) {
  test::SeededRandom random;
  const auto key = makeApiKey(random).value();
  EXPECT_EQ(key.size(), 53U);
  EXPECT_TRUE(key.reveal().starts_with("agw_"));
  EXPECT_TRUE(looksLikeApiKey(key.reveal()));
  EXPECT_EQ(apiKeyPrefix(key), std::string(key.reveal().substr(0, 12)));
}

TEST(ApiKey, AnyChangedCharacter_BreaksTheChecksum) {
  test::SeededRandom random;
  const std::string key(makeApiKey(random).value().reveal());
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string changed = key;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(looksLikeApiKey(changed)) << i;
  }
  EXPECT_FALSE(looksLikeApiKey(""));
  EXPECT_FALSE(looksLikeApiKey(key + "A"));
}

TEST(ApiKey, WithoutRandomness_IsNotMade) {
  test::SeededRandom random;
  random.broken = true;
  EXPECT_FALSE(makeApiKey(random));
}

}  // namespace
}  // namespace agw
