#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace agw {

/// A moment in UTC with millisecond resolution: what is stored, compared and shown.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// The only source of time. `SystemClock` is the one place that asks the operating system; tests use a clock
/// whose time is a number that they advance. Safe to call from many threads.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
};

/// RFC 3339 in UTC with whole seconds: `2026-11-21T08:51:00Z`.
[[nodiscard]] std::string toRfc3339(TimePoint time);

/// Milliseconds since 1970, as times are stored.
[[nodiscard]] constexpr std::int64_t toMillis(TimePoint time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] constexpr TimePoint fromMillis(std::int64_t millis) {
  return TimePoint(std::chrono::milliseconds(millis));
}

}  // namespace agw
