#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "domain/grant.hpp"

namespace agw {

// The clock of the machine may be set while the gateway runs. What was stored under a clock that was ahead
// ends too late by as much; it is known by a moment of writing that has not come yet.

/// How much the clocks of replicas may differ.
inline constexpr std::chrono::seconds kClockSkew{60};

/// Whether the clock has gone back since `written` was noted.
[[nodiscard]] inline bool clockWentBack(TimePoint written, TimePoint now) {
  return written - now > kClockSkew;
}

/// How long the grant's provider is left alone because of its latest failure; absent: it may be asked. A
/// pause that began in the future has no end that means anything, and is over.
[[nodiscard]] inline std::optional<std::chrono::seconds> pauseOf(const Grant& grant, TimePoint now) {
  if (!grant.retryNotBefore || *grant.retryNotBefore <= now) return std::nullopt;
  if (grant.lastAttemptAt && clockWentBack(*grant.lastAttemptAt, now)) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*grant.retryNotBefore - now);
}

}  // namespace agw
