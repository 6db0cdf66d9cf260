#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Deliveries : public StorageContract {};
AGW_FOR_EVERY_STORAGE(Deliveries);

TEST_P(Deliveries, Remembered_IsKnownForThatProviderAlone) {
  EXPECT_FALSE(*storage().knowsDelivery("example", "d1"));
  EXPECT_TRUE(succeeds(storage().rememberDelivery("example", "d1", clock.now())));
  EXPECT_TRUE(*storage().knowsDelivery("example", "d1"));
  EXPECT_FALSE(*storage().knowsDelivery("other", "d1"));
  EXPECT_FALSE(*storage().knowsDelivery("example", "D1"));
}

TEST_P(Deliveries, RememberedTwice_TheFirstTimeCounts) {
  EXPECT_TRUE(succeeds(storage().rememberDelivery("example", "d1", clock.now())));
  EXPECT_TRUE(succeeds(storage().rememberDelivery("example", "d1", clock.now() + 1h)));
  EXPECT_EQ(*storage().deleteDeliveries(clock.now(), 10), 1);
}

TEST_P(Deliveries, Delete_TakesOldOnes_AtMostTheLimit) {
  for (const auto* name : {"d1", "d2", "d3"})
    EXPECT_TRUE(succeeds(storage().rememberDelivery("example", name, clock.now())));
  EXPECT_TRUE(succeeds(storage().rememberDelivery("example", "later", clock.now() + 1ms)));
  EXPECT_EQ(*storage().deleteDeliveries(clock.now() - 1ms, 10), 0);
  EXPECT_EQ(*storage().deleteDeliveries(clock.now(), 2), 2);
  EXPECT_EQ(*storage().deleteDeliveries(clock.now(), 10), 1);
  EXPECT_TRUE(*storage().knowsDelivery("example", "later"));
}

TEST_P(Deliveries, LongNames_AreToldApart) {
  const std::string name(512, 'x');
  EXPECT_TRUE(succeeds(storage().rememberDelivery("example", name + "1", clock.now())));
  EXPECT_FALSE(*storage().knowsDelivery("example", name + "2"));
  EXPECT_TRUE(*storage().knowsDelivery("example", name + "1"));
}

}  // namespace
}  // namespace agw::test
