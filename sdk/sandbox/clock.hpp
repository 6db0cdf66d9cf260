#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sandbox {

/// The provider's idea of the time: the machine's, shifted by what the control API asks for.
class Clock {
 public:
  /// Seconds since 1970.
  [[nodiscard]] std::int64_t now() const {
    const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(sinceEpoch).count() + offset_;
  }
  void shift(std::int64_t seconds) { offset_ = seconds; }
  [[nodiscard]] std::int64_t offset() const { return offset_; }

 private:
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace sandbox
