#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/metrics.hpp"
#include "base/result.hpp"

namespace agw {

/// Counts and times the calls into plugins: `auth_gateway_provider_calls_total` by provider entry, operation
/// and outcome, `auth_gateway_provider_call_seconds` by the first two. Safe to call from many threads.
///
/// `operation` is one of abi.h. A time includes the provider's answers that the plugin asked for.
void recordPluginCall(Metrics& metrics, const std::string& provider, std::uint32_t operation,
                      const Result<void>& outcome, std::chrono::nanoseconds took);

}  // namespace agw
