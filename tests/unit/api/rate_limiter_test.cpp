#include "api/rate_limiter.hpp"

#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
 protected:
  test::FakeClock clock;
};

// C10
TEST_F(RateLimiterTest, AMinutesWorth_MayComeAtOnceAndNoMore) {
  RateLimiter limiter(3, clock);
  for (int count = 0; count < 3; ++count) EXPECT_FALSE(limiter.take("a"));
  EXPECT_EQ(limiter.take("a"), 20s);
  clock.advance(20s);
  EXPECT_FALSE(limiter.take("a"));
  EXPECT_TRUE(limiter.take("a"));
}

TEST_F(RateLimiterTest, OneAtItsLimit_DoesNotLimitAnother) {
  RateLimiter limiter(1, clock);
  EXPECT_FALSE(limiter.take("a"));
  EXPECT_TRUE(limiter.take("a"));
  EXPECT_FALSE(limiter.take("b"));
}

TEST_F(RateLimiterTest, Zero_IsNoLimit) {
  RateLimiter limiter(0, clock);
  for (int count = 0; count < 10'000; ++count) ASSERT_FALSE(limiter.take("a"));
}

TEST_F(RateLimiterTest, WaitIsNeverZero_EvenForFastLimits) {
  RateLimiter limiter(60'000, clock);
  for (int count = 0; count < 60'000; ++count) ASSERT_FALSE(limiter.take("a"));
  EXPECT_EQ(limiter.take("a"), 1s);
}

TEST_F(RateLimiterTest, ClockSetBack_RefillsNothingAndLocksNobodyOut) {
  RateLimiter limiter(1, clock);
  EXPECT_FALSE(limiter.take("a"));
  clock.advance(-3'600s);
  EXPECT_TRUE(limiter.take("a"));
  clock.advance(60s);
  EXPECT_FALSE(limiter.take("a"));
}

// Whoever has many addresses gets a bucket for each only while there is room.
TEST_F(RateLimiterTest, FloodOfNames_IsBoundedAndSharesABucket) {
  RateLimiter limiter(1, clock);
  int let = 0;
  for (int name = 0; name < 200'000; ++name) let += limiter.take(std::to_string(name)) ? 0 : 1;
  EXPECT_LE(let, 66'000);
  clock.advance(61s);
  EXPECT_FALSE(limiter.take("somebody new")) << "full buckets are forgotten";
}

}  // namespace
}  // namespace agw::api
