#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sandbox {

/// The provider's idea of the time: the machine's, shifted by what the control API asks for.
class Clock {
 public:
  /// Seconds since 1970, what is past the full second cut off.
  [[nodiscard]] std::int64_t now() const { return nowMillis() / 1'000; }
  [[nodiscard]] std::int64_t nowMillis() const {
    const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(sinceEpoch).count() + offset_ * 1'000;
  }
  void shift(std::int64_t seconds) { offset_ = seconds; }
  [[nodiscard]] std::int64_t offset() const { return offset_; }

 private:
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace sandbox
