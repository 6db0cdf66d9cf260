#include "broker/breaker.hpp"

#include <gtest/gtest.h>

namespace agw {
namespace {

using namespace std::chrono_literals;

class BreakerTest : public testing::Test {
 protected:
  bool fail(const std::string& grant, std::chrono::seconds retryAfter = 0s) {
    return breaker.failed(now, grant, 0.0, retryAfter);
  }
  /// Five different grants fail.
  void openIt() {
    for (int i = 0; i < Breaker::kFailures; ++i) fail("grant-" + std::to_string(i));
    ASSERT_TRUE(breaker.open());
  }

  TimePoint now = fromMillis(1'700'000'000'000);
  Breaker breaker;
};

TEST_F(BreakerTest, FourFailures_LetEverythingThrough) {
  for (int i = 1; i < Breaker::kFailures; ++i) EXPECT_FALSE(fail("grant-" + std::to_string(i)));
  EXPECT_FALSE(breaker.admit(now));
}
TEST_F(BreakerTest, FiveFailuresInARow_Open) {
  openIt();
  EXPECT_EQ(breaker.admit(now), 3s);
  EXPECT_FALSE(fail("grant-x")) << "it was open";
}
TEST_F(BreakerTest, AnAnswerInBetween_CountsAnew) {
  for (int i = 1; i < Breaker::kFailures; ++i) fail("grant-" + std::to_string(i));
  EXPECT_FALSE(breaker.answered());
  EXPECT_FALSE(fail("grant-x"));
  EXPECT_FALSE(breaker.open());
}
TEST_F(BreakerTest, OneGrantThatAlwaysFails_HoldsUpNoOther) {
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(fail("poisoned"));
  EXPECT_FALSE(breaker.open());
}
TEST_F(BreakerTest, AfterItsPause_OneProbeGoesThrough) {
  openIt();
  now += 3s;
  EXPECT_FALSE(breaker.refusal(now));
  EXPECT_FALSE(breaker.admit(now));
  EXPECT_EQ(breaker.admit(now), 1s) << "the probe is under way";
}
TEST_F(BreakerTest, ProbeAnswered_Closes) {
  openIt();
  now += 3s;
  ASSERT_FALSE(breaker.admit(now));
  EXPECT_TRUE(breaker.answered());
  EXPECT_FALSE(breaker.open());
  EXPECT_FALSE(breaker.admit(now));
  EXPECT_FALSE(breaker.admit(now));
}
TEST_F(BreakerTest, ProbesThatFail_DoubleThePauseUpToAMinute) {
  openIt();
  std::chrono::seconds longest{0};
  for (int i = 0; i < 12; ++i) {
    const auto wait = breaker.refusal(now);
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, longest);
    longest = *wait;
    now += *wait;
    ASSERT_FALSE(breaker.admit(now));
    EXPECT_FALSE(fail("grant-0")) << "it stays open";
  }
  EXPECT_EQ(longest, Breaker::kLongest / 2) << "without jitter, half of the longest";
}
TEST_F(BreakerTest, ProbeThatAskedNobody_LeavesThePlaceToTheNext) {
  openIt();
  now += 3s;
  ASSERT_FALSE(breaker.admit(now));
  breaker.undecided();
  EXPECT_FALSE(breaker.admit(now));
}
TEST_F(BreakerTest, ProviderThatSaysWhenToComeBack_IsObeyedAtOnceAndByAll) {
  EXPECT_TRUE(fail("grant-1", 90s));
  EXPECT_EQ(breaker.refusal(now), 90s);
  now += 89s;
  EXPECT_EQ(breaker.refusal(now), 1s);
  now += 1s;
  EXPECT_FALSE(breaker.refusal(now));
}
TEST_F(BreakerTest, RetryAfterOfDays_IsObeyedForAnHour) {
  fail("grant-1", 999'999s);
  EXPECT_EQ(breaker.refusal(now), Breaker::kLongestSaid);
}
TEST_F(BreakerTest, LateAnswerToAnEarlierCall_DoesNotCloseIt) {
  fail("grant-1", 90s);
  EXPECT_FALSE(breaker.answered());
  EXPECT_TRUE(breaker.open());
}
// G8
TEST_F(BreakerTest, ClockGoesBack_TheRefusalStaysBounded) {
  fail("grant-1", 90s);
  now -= 100h;
  EXPECT_EQ(breaker.refusal(now), Breaker::kLongestSaid);
}

}  // namespace
}  // namespace agw
