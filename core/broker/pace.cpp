#include "broker/pace.hpp"

#include <algorithm>
#include <cmath>

namespace agw {

using std::chrono::milliseconds;

void Pace::setRate(int perSecond) {
  constexpr int kBurstShare = 20;
  const int burst = perSecond / kBurstShare;
  capacity_ = 1 + burst;
  rate_ = perSecond - burst;
  left_ = std::min(left_, capacity_);
}

void Pace::ramp(TimePoint now) {
  fill(now);
  rampedAt_ = now;
  left_ = std::min(left_, 1.0);
}

double Pace::rateAt(TimePoint now) const {
  constexpr double kFirst = 0.1;
  const auto since = std::chrono::duration<double>(now - rampedAt_) / kRamp;
  return rate_ * std::clamp(kFirst + (1 - kFirst) * since, kFirst, 1.0);
}

void Pace::fill(TimePoint now) {
  const auto passed = std::chrono::duration<double>(now - filledAt_).count();
  filledAt_ = now;
  if (passed > 0) left_ = std::min(capacity_, left_ + passed * rateAt(now));
}

milliseconds Pace::turn(TimePoint now) {
  constexpr double kRounding = 1e-9;
  fill(now);
  if (left_ < 1 - kRounding)
    return milliseconds(static_cast<int>(std::ceil((1 - left_) / rateAt(now) * 1000)));
  left_ -= 1;
  return milliseconds(0);
}

void Pace::spend(TimePoint now) {
  fill(now);
  left_ = std::max(left_ - 1, -rate_);
}

}  // namespace agw
