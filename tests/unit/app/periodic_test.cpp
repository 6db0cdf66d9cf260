#include "app/periodic.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "support/fakes.hpp"

namespace agw {
namespace {

constexpr std::chrono::hours kNever{1'000};

TEST(Periodic, Wake_RunsTheWorkLongBeforeItsTime) {
  test::SeededRandom random;
  std::promise<void> ran;
  Periodic task(kNever, random, [&] { ran.set_value(); });
  task.wake();
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

// I14: while one round runs, any number of wakes ask for one more.
TEST(Periodic, ManyWakesDuringARound_AreOneMore) {
  test::SeededRandom random;
  std::atomic<int> rounds{0};
  std::promise<void> entered;
  std::promise<void> leave;
  std::promise<void> second;
  auto mayLeave = leave.get_future();
  {
    Periodic task(kNever, random, [&] {
      const int round = ++rounds;
      if (round == 1) {
        entered.set_value();
        mayLeave.wait();
      }
      if (round == 2) second.set_value();
    });
    task.wake();
    entered.get_future().wait();
    for (int i = 0; i < 1'000; ++i) task.wake();
    leave.set_value();
    EXPECT_EQ(second.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  EXPECT_EQ(rounds, 2);
}

TEST(Periodic, End_LetsNoRoundBegin) {
  test::SeededRandom random;
  std::atomic<int> rounds{0};
  {
    Periodic task(kNever, random, [&] { ++rounds; });
    task.end();
    task.wake();
  }
  EXPECT_EQ(rounds, 0);
}

}  // namespace
}  // namespace agw
