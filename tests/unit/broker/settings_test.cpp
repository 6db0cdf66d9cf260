#include "broker/settings.hpp"

#include <gtest/gtest.h>

#include "net/http_client.hpp"

namespace agw {
namespace {

// The request leaves in the lease's first third; whatever comes back, comes while the lease is in force.
TEST(BrokerSettingsTest, Lease_OutlivesTheCallThatIsMadeUnderIt) {
  const BrokerSettings settings;
  EXPECT_GE(settings.leaseLife, HttpClientSettings{}.deadline + settings.leaseLife / 3);
}

}  // namespace
}  // namespace agw
