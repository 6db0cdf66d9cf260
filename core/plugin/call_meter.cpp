#include "plugin/call_meter.hpp"

#include <array>

#include "auth_gateway/abi.h"

namespace agw {
namespace {

/// By the operations' numbers in abi.h.
constexpr std::array kOperations{"unknown",  "authorize",     "exchange",           "refresh",  "revoke",
                                 "identify", "installations", "installation_token", "callback", "webhook",
                                 "device",   "describe",      "device_token"};
static_assert(kOperations.size() == AGW_DEVICE_TOKEN + 1);

}  // namespace

void recordPluginCall(Metrics& metrics, const std::string& provider, std::uint32_t operation,
                      const Result<void>& outcome, std::chrono::nanoseconds took) {
  Labels labels{{"provider", provider},
                {"operation", kOperations[operation < kOperations.size() ? operation : 0]}};
  metrics
      .timings("auth_gateway_provider_call_seconds",
               "Time of a plugin's operation, with the provider's answers that it waited for.", labels)
      .observe(took);
  labels["outcome"] = outcome ? "ok" : toString(outcome.error().kind);
  metrics.counter("auth_gateway_provider_calls_total", "Operations of plugins, by how they ended.", labels)
      .increment();
}

}  // namespace agw
