// K3: whoever sends much waits behind itself.
#include "api/edge/fair_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace agw::api {
namespace {

constexpr std::uint64_t kNoisy = 1;
constexpr std::uint64_t kQuiet = 2;

class FairQueueTest : public testing::Test {
 protected:
  FairQueue queue;

  void push(std::uint64_t group, int index, std::int64_t since = 0) { queue.push(group, {index, 0, since}); }
  std::vector<int> rest() {
    std::vector<int> order;
    while (const auto next = queue.pop()) order.push_back(next->index);
    return order;
  }
};

TEST_F(FairQueueTest, OneCaller_IsServedInItsOrder) {
  for (int index = 0; index < 4; ++index) push(kNoisy, index);
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(rest(), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(FairQueueTest, QuietCaller_IsNextWhateverTheNoisyOneHasWaiting) {
  for (int index = 0; index < 1'000; ++index) push(kNoisy, index);
  push(kQuiet, 5'000);
  push(kQuiet, 5'001);
  EXPECT_EQ(queue.pop()->index, 0);
  EXPECT_EQ(queue.pop()->index, 5'000);
  EXPECT_EQ(queue.pop()->index, 1);
  EXPECT_EQ(queue.pop()->index, 5'001);
  EXPECT_EQ(queue.pop()->index, 2);
}

TEST_F(FairQueueTest, CallerThatComesAgain_WaitsForItsTurn) {
  push(kNoisy, 0);
  push(kQuiet, 1);
  EXPECT_EQ(queue.pop()->index, 0);
  push(kNoisy, 2);
  EXPECT_EQ(rest(), (std::vector<int>{1, 2}));
}

TEST_F(FairQueueTest, LateOnes_AreFoundInEveryQueueAndOthersStay) {
  push(kNoisy, 0, 10);
  push(kQuiet, 1, 20);
  push(kNoisy, 2, 30);
  EXPECT_FALSE(queue.popOlderThan(10));
  EXPECT_EQ(queue.popOlderThan(25)->index, 0);
  EXPECT_EQ(queue.popOlderThan(25)->index, 1);
  EXPECT_FALSE(queue.popOlderThan(25));
  EXPECT_EQ(rest(), (std::vector<int>{2}));
}

TEST_F(FairQueueTest, ManyCallersThatCameOnce_AreForgotten) {
  for (std::uint64_t group = 0; group < 100'000; ++group) {
    push(group, static_cast<int>(group));
    EXPECT_EQ(queue.pop()->index, static_cast<int>(group));
  }
  EXPECT_LE(queue.known(), 4'096U);
}

}  // namespace
}  // namespace agw::api
