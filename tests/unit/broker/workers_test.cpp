#include "broker/workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace agw {
namespace {

using namespace std::chrono_literals;

TEST(Workers, Job_IsDone) {
  std::atomic<int> done{0};
  Workers workers(2, 8);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(workers.submit("a", std::to_string(i), [&] { ++done; }));
  EXPECT_TRUE(workers.waitUntilIdle(10s));
  EXPECT_EQ(done, 5);
}

// E8, law 9
TEST(Workers, ProviderThatHangs_LeavesTheOthersTheirThreads) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::promise<void> done;
  Workers workers(2, 8);
  for (int i = 0; i < 5; ++i) workers.submit("hangs", std::to_string(i), [released] { released.wait(); });
  ASSERT_TRUE(workers.submit("works", "x", [&] { done.set_value(); }));
  EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_FALSE(workers.waitUntilIdle(0ms));
  release.set_value();
  EXPECT_TRUE(workers.waitUntilIdle(10s));
}
TEST(Workers, SameKeyTwice_WaitsOnce) {
  std::promise<void> release;
  std::promise<void> started;
  Workers workers(2, 8);  // ends before what its jobs use
  workers.submit("a", "first", [&] {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  EXPECT_TRUE(workers.submit("a", "key", [] {}));
  EXPECT_FALSE(workers.submit("a", "key", [] {}));
  release.set_value();
}
TEST(Workers, FullQueue_TakesNoMore) {
  std::promise<void> release;
  std::promise<void> started;
  Workers workers(2, 1);  // ends before what its jobs use
  workers.submit("a", "first", [&] {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  EXPECT_TRUE(workers.submit("a", "second", [] {}));
  EXPECT_FALSE(workers.submit("a", "third", [] {}));
  EXPECT_TRUE(workers.submit("b", "fourth", [] {}));
  release.set_value();
}

}  // namespace
}  // namespace agw
