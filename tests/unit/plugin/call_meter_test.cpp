#include "plugin/call_meter.hpp"

#include <gtest/gtest.h>

#include "auth_gateway/abi.h"
#include "scripted_services.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;

constexpr const char* kCalls = "auth_gateway_provider_calls_total";
constexpr const char* kSeconds = "auth_gateway_provider_call_seconds";

TEST(CallMeterTest, RefreshesThatWorkAndFail_AreCountedByOutcome) {
  test::ScriptedServices services;
  const auto provider = test::oauth2(services);
  services.answer(200, R"({"access_token":"access-2","token_type":"Bearer"})");
  EXPECT_TRUE(provider->refresh(test::refreshRequest()));
  services.answer(400, R"({"error":"invalid_grant"})");
  EXPECT_FALSE(provider->refresh(test::refreshRequest()));
  const Labels refresh{{"provider", "corp"}, {"operation", "refresh"}};
  EXPECT_EQ(services.recorded.value(kSeconds, refresh), 2);
  auto counted = refresh;
  counted["outcome"] = "ok";
  EXPECT_EQ(services.recorded.value(kCalls, counted), 1);
  counted["outcome"] = "GrantDead";
  EXPECT_EQ(services.recorded.value(kCalls, counted), 1);
}

// D10: the label is never something that a plugin or caller chose.
TEST(CallMeterTest, NumberThatIsNoOperation_IsCountedAsUnknown) {
  test::RecordedMetrics metrics;
  recordPluginCall(metrics, "corp", 4'000'000'000U, {}, 1ms);
  EXPECT_EQ(metrics.value(kCalls, {{"provider", "corp"}, {"operation", "unknown"}, {"outcome", "ok"}}), 1);
}

}  // namespace
}  // namespace agw
