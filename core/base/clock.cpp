#include "base/clock.hpp"

#include <array>
#include <ctime>

namespace agw {

TimePoint SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string toRfc3339(TimePoint time) {
  // Not system_clock::to_time_t: that counts nanoseconds, and wraps in the year 2262.
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, sizeof "-2147483648-12-31T23:59:59Z"> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace agw
