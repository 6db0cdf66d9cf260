#include "broker/read_stamps.hpp"

#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

TEST(ReadStamps, ManyReadsOfAGrant_AreToldOnceInSixHours) {
  FakeClock clock;
  ReadStamps stamps(clock);
  for (int i = 0; i < 100; ++i) stamps.note("a");
  stamps.note("b");
  EXPECT_EQ(stamps.take(), (Ids{"a", "b"}));
  stamps.note("a");
  EXPECT_EQ(stamps.take(), Ids{});
  clock.advance(6h);
  stamps.note("a");
  EXPECT_EQ(stamps.take(), Ids{"a"});
}
TEST(ReadStamps, DatabaseDidNotTakeThem_TheNextReadIsNotedAgain) {
  FakeClock clock;
  ReadStamps stamps(clock);
  stamps.note("a");
  stamps.forget(stamps.take());
  stamps.note("a");
  EXPECT_EQ(stamps.take(), Ids{"a"});
}
// G8
TEST(ReadStamps, ClockWentBack_IsNotedAgain) {
  FakeClock clock;
  ReadStamps stamps(clock);
  stamps.note("a");
  (void)stamps.take();
  clock.advance(-24h);
  stamps.note("a");
  EXPECT_EQ(stamps.take(), Ids{"a"});
}
TEST(ReadStamps, MoreGrantsThanRemembered_ForgetsOldOnesFirst) {
  FakeClock clock;
  ReadStamps stamps(clock);
  for (std::size_t i = 0; i < ReadStamps::kMost; ++i) stamps.note(std::to_string(i));
  EXPECT_EQ(stamps.take().size(), ReadStamps::kMost);
  stamps.note("late");
  EXPECT_EQ(stamps.take(), Ids{});
  clock.advance(6h);
  stamps.note("late");
  EXPECT_EQ(stamps.take(), Ids{"late"});
}

TEST(ReadStamps, ManyReadsWhileAllPlacesAreTaken_LookForRoomOnceAMinute) {
  FakeClock clock;
  ReadStamps stamps(clock);
  stamps.note("old");
  clock.advance(ReadStamps::kEvery - 30s);
  for (std::size_t i = 1; i < ReadStamps::kMost; ++i) stamps.note(std::to_string(i));
  (void)stamps.take();
  stamps.note("late");  // looks, and finds none old enough
  clock.advance(31s);   // now "old" is
  stamps.note("late");
  EXPECT_EQ(stamps.take(), Ids{});
  clock.advance(30s);
  stamps.note("late");
  EXPECT_EQ(stamps.take(), Ids{"late"});
}

}  // namespace
}  // namespace agw::test
