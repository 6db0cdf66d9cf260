#include "api/edge/worker_pool.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <semaphore>

namespace agw::api {
namespace {

std::atomic<int> cleanedUp{0};

/// What libraries keep for each thread, and take their time to put away.
struct OfTheThread {
  OfTheThread() = default;
  OfTheThread(const OfTheThread&) = delete;
  OfTheThread& operator=(const OfTheThread&) = delete;
  ~OfTheThread() {
    for (int turn = 0; turn < 20; ++turn) sched_yield();
    ++cleanedUp;
  }
  int used = 0;
};
thread_local OfTheThread ofTheThread;

TEST(WorkerPool, Gone_ItsThreadsHavePutAwayWhatLibrariesKeptForThem) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5;
  cleanedUp = 0;
  for (int round = 1; round <= kRounds; ++round) {
    std::counting_semaphore<kThreads> begun{0};
    std::counting_semaphore<kThreads> over{0};
    WorkerPool pool(kThreads, kThreads, [&](WorkerPool::Worker&) {
      ++ofTheThread.used;
      begun.release();
      over.acquire();
    });
    ASSERT_TRUE(pool.start());
    for (int count = 0; count < kThreads; ++count) begun.acquire();
    over.release(kThreads);
  }
  EXPECT_EQ(cleanedUp, kRounds * kThreads);
}

TEST(WorkerPool, ThreadsThatWait_AreMadeUpForAndTheirSurplusRetires) {
  constexpr int kFew = 2;
  std::counting_semaphore<8> begun{0};
  std::counting_semaphore<8> over{0};
  WorkerPool pool(kFew, 8, [&](WorkerPool::Worker& worker) {
    worker.beginWork(1);
    begun.release();
    over.acquire();
  });
  ASSERT_TRUE(pool.start());
  for (int count = 0; count < kFew; ++count) begun.acquire();
  EXPECT_FALSE(pool.retires()) << "none is to spare";
  pool.replaceStalled(1);
  EXPECT_EQ(pool.size(), kFew) << "nobody has been busy for long";
  pool.replaceStalled(2);
  EXPECT_EQ(pool.size(), 2 * kFew);
  EXPECT_TRUE(pool.retires());
  over.release(2 * kFew);
}

}  // namespace
}  // namespace agw::api
