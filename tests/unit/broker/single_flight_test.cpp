#include "broker/single_flight.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace agw {
namespace {

using namespace std::chrono_literals;

TEST(SingleFlight, SecondToEnter_WaitsForTheFirstOnesResult) {
  SingleFlight<int> flights;
  auto leader = flights.enter("key", -1);
  auto follower = flights.enter("key", -1);
  ASSERT_TRUE(leader.leads());
  ASSERT_FALSE(follower.leads());
  std::optional<int> result;
  std::thread waiting([&] { result = follower.wait(10s); });
  leader.land(42);
  waiting.join();
  EXPECT_EQ(result, 42);
}

TEST(SingleFlight, AfterLanding_TheNextOneLeads) {
  SingleFlight<int> flights;
  flights.enter("key", -1).land(1);
  EXPECT_TRUE(flights.enter("key", -1).leads());
}

TEST(SingleFlight, OtherKeys_DoNotMeet) {
  SingleFlight<int> flights;
  auto one = flights.enter("one", -1);
  EXPECT_TRUE(flights.enter("two", -1).leads());
}

TEST(SingleFlight, LeaderThatEndsWithoutResult_LeavesNobodyWaiting) {
  SingleFlight<int> flights;
  auto leader = std::unique_ptr<SingleFlight<int>::Seat>(new auto(flights.enter("key", -1)));
  auto follower = flights.enter("key", -1);
  leader.reset();
  EXPECT_EQ(follower.wait(10s), -1);
}

// G11
TEST(SingleFlight, WaitThatTakesTooLong_EndsWithNothing) {
  SingleFlight<int> flights;
  auto leader = flights.enter("key", -1);
  EXPECT_FALSE(flights.enter("key", -1).wait(0ms));
}

}  // namespace
}  // namespace agw
