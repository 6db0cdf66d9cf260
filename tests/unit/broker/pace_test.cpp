#include "broker/pace.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace agw {
namespace {

using namespace std::chrono_literals;

/// Starts whatever may start, every millisecond; the most that started within any one second.
struct Runner {
  Pace pace;
  TimePoint now = fromMillis(1'700'000'000'000);
  std::deque<TimePoint> latest{};
  std::size_t most = 0;

  int run(std::chrono::milliseconds time) {
    int started = 0;
    for (const auto end = now + time; now < end; now += 1ms) {
      while (pace.turn(now) == 0ms) {
        ++started;
        latest.push_back(now);
      }
      while (!latest.empty() && now - latest.front() >= 1s) latest.pop_front();
      most = std::max(most, latest.size());
    }
    return started;
  }
};

class PaceOf : public testing::TestWithParam<int> {};
// G7
TEST_P(PaceOf, NoSecondHasMoreThanTheRate_AndInTheLongRunNearlyAllOfItIsUsed) {
  Runner runner;
  runner.pace.setRate(GetParam());
  const int started = runner.run(60s);
  EXPECT_LE(runner.most, static_cast<std::size_t>(GetParam()));
  EXPECT_GE(started, GetParam() * 60 * 9 / 10);
}
INSTANTIATE_TEST_SUITE_P(Rates, PaceOf, testing::Values(1, 2, 19, 20, 50, 250, 1000));

TEST(Pace, Ramp_BeginsWithATenthAndGrowsToTheRate) {
  Runner runner;
  runner.pace.setRate(250);
  runner.pace.ramp(runner.now);
  const int first = runner.run(1s);
  EXPECT_LE(first, 50);
  EXPECT_GE(first, 20);
  runner.run(9s);
  EXPECT_GE(runner.run(1s), 230);
}
TEST(Pace, RefusedTurn_TellsWhenToComeBack) {
  Runner runner;
  runner.pace.setRate(10);
  runner.run(1ms);
  const auto wait = runner.pace.turn(runner.now);
  EXPECT_GT(wait, 0ms);
  EXPECT_LE(wait, 100ms);
  runner.now += wait;
  EXPECT_EQ(runner.pace.turn(runner.now), 0ms);
}
TEST(Pace, ThoseWhoDoNotAsk_TakeFromThoseWhoDo) {
  Runner runner;
  runner.pace.setRate(50);
  runner.run(2s);
  for (int i = 0; i < 25; ++i) runner.pace.spend(runner.now);
  EXPECT_LE(runner.run(1s), 26);
  for (int i = 0; i < 1'000; ++i) runner.pace.spend(runner.now);
  runner.run(1s);
  EXPECT_GE(runner.run(1s), 45) << "for a second at most";
}
// G8
TEST(Pace, ClockGoesBack_GivesNothingForIt) {
  Runner runner;
  runner.pace.setRate(10);
  runner.run(1s);
  runner.now -= 1h;
  EXPECT_LE(runner.run(1s), 10);
}

}  // namespace
}  // namespace agw
