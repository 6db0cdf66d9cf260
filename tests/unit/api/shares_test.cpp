// K2, K3: handlers that wait take no thread from other callers.
#include "api/shares.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace agw::api {
namespace {

class SharesTest : public testing::Test {
 protected:
  Shares shares{80};  // of which the last 10 are not for whoever has much already
  std::vector<Shares::Place> places;

  /// How many of `count` get a place.
  int take(const std::string& who, int count) {
    int got = 0;
    for (int number = 0; number < count; ++number) {
      auto place = shares.enter(who);
      if (!place) continue;
      places.push_back(std::move(*place));
      ++got;
    }
    return got;
  }
};

TEST_F(SharesTest, OneCallerAlone_HasNearlyAll) {
  EXPECT_EQ(take("noisy", 200), 70);
}

TEST_F(SharesTest, NoisyCallerAtItsLimit_LeavesRoomForOthers) {
  take("noisy", 200);
  EXPECT_EQ(take("quiet", 5), 5);
  EXPECT_EQ(take("other", 5), 5);
  EXPECT_EQ(take("third", 1), 0) << "all 80 are taken";
}

TEST_F(SharesTest, FewCallers_ShareTheRestEvenly) {
  take("a", 35);
  take("b", 35);
  EXPECT_EQ(take("a", 5), 0) << "more than a third of all";
  EXPECT_EQ(take("c", 20), 10);
}

TEST_F(SharesTest, PlaceThatEnds_IsFreeAgain) {
  take("noisy", 200);
  places.pop_back();
  EXPECT_EQ(take("noisy", 5), 1);
  places.clear();
  EXPECT_EQ(take("noisy", 200), 70);
}

TEST_F(SharesTest, Zero_IsNoLimit) {
  Shares unlimited(0);
  std::vector<Shares::Place> held;
  for (int number = 0; number < 10'000; ++number) {
    auto place = unlimited.enter("noisy");
    ASSERT_TRUE(place);
    held.push_back(std::move(*place));
  }
}

}  // namespace
}  // namespace agw::api
