#include "broker/workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace agw {
namespace {

using namespace std::chrono_literals;

const Workers::Turn any = [](const std::string&) { return 0ms; };

TEST(Workers, Job_IsDone) {
  std::atomic<int> done{0};
  Workers workers(2, any);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(workers.submit("a", std::to_string(i), 8, [&] { ++done; }));
  EXPECT_TRUE(workers.waitUntilIdle(10s));
  EXPECT_EQ(done, 5);
}

// E8, law 9
TEST(Workers, ProviderThatHangs_LeavesTheOthersTheirThreads) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::promise<void> done;
  Workers workers(2, any);
  for (int i = 0; i < 5; ++i) workers.submit("hangs", std::to_string(i), 8, [released] { released.wait(); });
  ASSERT_TRUE(workers.submit("works", "x", 8, [&] { done.set_value(); }));
  EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_FALSE(workers.waitUntilIdle(0ms));
  release.set_value();
  EXPECT_TRUE(workers.waitUntilIdle(10s));
}
TEST(Workers, SameKeyTwice_WaitsOnce) {
  std::promise<void> release;
  std::promise<void> started;
  Workers workers(2, any);  // ends before what its jobs use
  workers.submit("a", "first", 8, [&] {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  EXPECT_TRUE(workers.submit("a", "key", 8, [] {}));
  EXPECT_FALSE(workers.submit("a", "key", 8, [] {}));
  release.set_value();
}
TEST(Workers, FullQueue_TakesNoMore) {
  std::promise<void> release;
  std::promise<void> started;
  Workers workers(2, any);  // ends before what its jobs use
  workers.submit("a", "first", 1, [&] {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  EXPECT_TRUE(workers.submit("a", "second", 1, [] {}));
  EXPECT_FALSE(workers.submit("a", "third", 1, [] {}));
  EXPECT_TRUE(workers.submit("b", "fourth", 1, [] {}));
  release.set_value();
}

TEST(Workers, ManyJobs_RunOnHalfOfTheThreads) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> running{0};
  std::promise<void> enough;
  Workers workers(8, any);
  for (int i = 0; i < 20; ++i) {
    workers.submit("a", std::to_string(i), 20, [&, released] {
      if (++running == 4) enough.set_value();
      released.wait();
    });
  }
  EXPECT_EQ(enough.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(workers.waiting("a"), 16U);
  EXPECT_EQ(running, 4);
  release.set_value();
  EXPECT_TRUE(workers.waitUntilIdle(10s));
  EXPECT_EQ(workers.waiting("a"), 0U);
}
// G7: turns are given by the provider's pace; a provider without a turn keeps no other waiting.
TEST(Workers, ProviderWhoseTurnHasNotCome_WaitsAndLeavesTheOthersTheirs) {
  std::atomic<bool> open{false};
  std::atomic<int> done{0};
  std::promise<void> other;
  Workers workers(4, [&](const std::string& provider) {
    return provider == "slow" && !open ? std::chrono::milliseconds(1) : std::chrono::milliseconds(0);
  });
  for (int i = 0; i < 8; ++i) workers.submit("slow", std::to_string(i), 8, [&] { ++done; });
  workers.submit("quick", "x", 8, [&] { other.set_value(); });
  EXPECT_EQ(other.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(done, 0);
  EXPECT_EQ(workers.waiting("slow"), 8U);
  open = true;
  EXPECT_TRUE(workers.waitUntilIdle(10s));
  EXPECT_EQ(done, 8);
}
TEST(Workers, WithoutThreads_RunsWhatMayStartAndRefusesTheRest) {
  int done = 0;
  Workers workers(0, [&](const std::string&) { return std::chrono::milliseconds(done == 0 ? 0 : 1); });
  EXPECT_TRUE(workers.submit("a", "first", 8, [&] { ++done; }));
  EXPECT_FALSE(workers.submit("a", "second", 8, [&] { ++done; }));
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace agw
