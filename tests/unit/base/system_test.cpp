#include <gtest/gtest.h>

#include <set>

#include "base/clock.hpp"
#include "base/http_message.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

TEST(Rfc3339, IsUtcWithWholeSeconds) {
  EXPECT_EQ(toRfc3339(fromMillis(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(toRfc3339(fromMillis(1'795'251'060'999)), "2026-11-21T08:51:00Z");
  EXPECT_EQ(toRfc3339(fromMillis(951'782'400'000)), "2000-02-29T00:00:00Z");
  EXPECT_EQ(toRfc3339(fromMillis(253'402'300'799'000)), "9999-12-31T23:59:59Z");
}

TEST(Millis, GoThereAndBack) {
  EXPECT_EQ(toMillis(fromMillis(1'795'251'060'123)), 1'795'251'060'123);
}

TEST(SystemClock, NeverGoesBackwardsInATest) {
  const SystemClock clock;
  const auto before = clock.now();
  EXPECT_GE(clock.now(), before);
  EXPECT_GT(before, fromMillis(1'700'000'000'000));
}

TEST(SystemRandom, GivesWhatIsAsked_NeverTwiceTheSame) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int round = 0; round < 1000; ++round) {
    const auto octets = random.bytes(16);
    ASSERT_TRUE(octets);
    EXPECT_EQ(octets->size(), 16U);
    EXPECT_TRUE(seen.insert(*octets).second);
  }
  EXPECT_TRUE(random.bytes(0));
}

TEST(NewUuid, IsVersionFourInLowerCase) {
  SystemRandom random;
  for (int round = 0; round < 100; ++round) {
    const auto id = newUuid(random);
    ASSERT_TRUE(id);
    EXPECT_TRUE(isUuid(*id)) << *id;
    EXPECT_EQ((*id)[14], '4');
    EXPECT_NE(std::string("89ab").find((*id)[19]), std::string::npos);
  }
}

class IsUuidRefuses : public testing::TestWithParam<std::string> {};
TEST_P(IsUuidRefuses, EveryOtherSpelling) {
  EXPECT_FALSE(isUuid(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(
    Spellings, IsUuidRefuses,
    testing::Values("", "6ba7b810-9dad-41d1-80b4-00c04fd430c", "6BA7B810-9dad-41d1-80b4-00c04fd430c8",
                    "6ba7b8109dad41d180b400c04fd430c8", "6ba7b810-9dad-41d1-80b4-00c04fd430c8\n",
                    "{6ba7b810-9dad-41d1-80b4-00c04fd430c8}", "6ba7b810-9dad-41d1-80b4-00c04fd430cg",
                    "6ba7b810+9dad-41d1-80b4-00c04fd430c8"));

TEST(NewToken, Has256BitsInUnreservedCharacters) {
  SystemRandom random;
  const auto token = newToken(random);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->size(), 43U);
  EXPECT_EQ(token->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            token->npos);
}

// F8: no weaker substitute when the system gives no random numbers.
TEST(BrokenRandom, IsAnErrorForEverythingMadeOfIt) {
  test::SeededRandom random;
  random.broken = true;
  const auto id = newUuid(random);
  const auto token = newToken(random);
  ASSERT_FALSE(id);
  ASSERT_FALSE(token);
  EXPECT_EQ(id.error().kind, ErrorKind::Bug);
  EXPECT_EQ(token.error().kind, ErrorKind::Bug);
}

TEST(LoggedEmail, IsStableAndDoesNotShowTheAddress) {
  const auto logged = loggedEmail("alice@company.com");
  EXPECT_EQ(logged, loggedEmail("alice@company.com"));
  EXPECT_NE(logged, loggedEmail("bob@company.com"));
  EXPECT_EQ(logged.find("alice"), logged.npos);
  EXPECT_EQ(logged.size(), std::string("user:").size() + 12);
}

TEST(HttpResponse, HeaderNames_CompareWithoutCase) {
  HttpResponse response;
  response.headers = {{"Content-Type", "text/html"}, {"retry-after", "7"}, {"Retry-After", "8"}};
  EXPECT_EQ(response.header("content-type"), "text/html");
  EXPECT_EQ(response.header("Retry-After"), "7");
  EXPECT_FALSE(response.header("Retry"));
}

}  // namespace
}  // namespace agw
