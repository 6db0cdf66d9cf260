#include "broker/breaker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace agw {

using std::chrono::seconds;

std::optional<seconds> Breaker::refusal(TimePoint now) const {
  if (!openUntil_) return std::nullopt;
  if (*openUntil_ > now) return std::min(std::chrono::ceil<seconds>(*openUntil_ - now), kLongestSaid);
  return probing_ ? std::optional(seconds(1)) : std::nullopt;
}

std::optional<seconds> Breaker::admit(TimePoint now) {
  auto wait = refusal(now);
  if (!wait && openUntil_) probing_ = true;
  return wait;
}

bool Breaker::answered() {
  // An answer to what left before the breaker opened tells nothing new.
  if (openUntil_ && !probing_) return false;
  const bool closes = openUntil_.has_value();
  *this = Breaker();
  return closes;
}

bool Breaker::failed(TimePoint now, const std::string& grantId, double jitter, seconds retryAfter) {
  const bool wasOpen = openUntil_.has_value();
  const bool probe = std::exchange(probing_, false);
  if (grantId != std::exchange(latestFailing_, grantId) && !wasOpen) ++failures_;
  const bool tooMany = failures_ >= kFailures && !wasOpen;
  const auto said = std::min(retryAfter, kLongestSaid);
  if (said == seconds(0) && !tooMany && !probe) return false;
  constexpr int kMostDoublings = 8;
  const auto longest = std::min(kLongest, kFirst * (1 << std::min(openings_, kMostDoublings)));
  ++openings_;
  const auto spread =
      seconds(static_cast<seconds::rep>(std::ceil(static_cast<double>(longest.count()) * (1 + jitter) / 2)));
  const bool asTold = said > seconds(0) && !probe;
  openUntil_ = std::max(openUntil_.value_or(now), now + (asTold ? said : std::max(said, spread)));
  failures_ = 0;
  return !wasOpen;
}

}  // namespace agw
