#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace agw {

/// At most so many starts in any second. What is not used comes back evenly; a few may go at once. After
/// `ramp`, and in the beginning, it comes back slowly at first, so that a provider which has just come back
/// is not met by everything that has waited for it.
///
/// Time is the caller's; a clock that goes back costs a pause, never a rush. Not safe to call from many
/// threads: its owner locks.
class Pace {
 public:
  static constexpr std::chrono::milliseconds kRamp{10'000};

  void setRate(int perSecond);
  /// Begins slowly: a tenth of the rate at first, all of it after `kRamp`.
  void ramp(TimePoint now);

  /// Zero: the caller starts now, and is counted. Otherwise the time after which asking again is worth it.
  [[nodiscard]] std::chrono::milliseconds turn(TimePoint now);
  /// Somebody starts without asking, because a caller waits for it: others make room, for a second at most.
  void spend(TimePoint now);

 private:
  void fill(TimePoint now);
  [[nodiscard]] double rateAt(TimePoint now) const;

  double rate_ = 1;  // a second, while `capacity_` may go at once: together never more than was set
  double capacity_ = 1;
  double left_ = 1;
  TimePoint filledAt_{};
  TimePoint rampedAt_{};
};

}  // namespace agw
