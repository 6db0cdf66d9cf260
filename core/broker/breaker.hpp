#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace agw {

/// Keeps renewals away from a provider that does not answer, so that nobody waits for it in vain. Closed, all
/// go through. Five temporary failures in a row (5xx, time-out, TLS fault), or a provider that says when to
/// come back, open it. When its pause is over one renewal, the probe, goes through; its end closes the
/// breaker or opens it for twice as long, at most for `kLongest`.
///
/// A grant that fails again and again counts once, so that what is wrong with one grant holds up no other.
/// Time is the caller's. Not safe to call from many threads: its owner locks.
class Breaker {
 public:
  static constexpr int kFailures = 5;
  static constexpr std::chrono::seconds kFirst{5};
  static constexpr std::chrono::seconds kLongest{60};
  /// The longest that a provider's own Retry-After is obeyed for all its grants.
  static constexpr std::chrono::seconds kLongestSaid{3600};

  /// How long to stay away; nothing when a renewal may go through. Changes nothing.
  [[nodiscard]] std::optional<std::chrono::seconds> refusal(TimePoint now) const;
  /// The same for whoever goes now; when it says nothing, one of the three below has to follow.
  [[nodiscard]] std::optional<std::chrono::seconds> admit(TimePoint now);

  /// The provider answered, whatever it said about the grant. True when this closed the breaker.
  bool answered();
  /// A temporary failure. `jitter` in [0, 1) spreads the pause's second half; `retryAfter`: what the provider
  /// asked for, zero if nothing. True when this opened the breaker.
  bool failed(TimePoint now, const std::string& grantId, double jitter, std::chrono::seconds retryAfter);
  /// The provider was not asked after all, or its answer tells nothing about its health.
  void undecided() { probing_ = false; }

  /// Until a probe has succeeded.
  [[nodiscard]] bool open() const { return openUntil_.has_value(); }

 private:
  int failures_ = 0;           // in a row, while closed
  std::string latestFailing_;  // grant
  int openings_ = 0;           // in a row
  std::optional<TimePoint> openUntil_;
  bool probing_ = false;
};

}  // namespace agw
