#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace agw {

/// The pause that a Retry-After value asks for (RFC 9110 section 10.2.3): seconds, or an HTTP date relative
/// to `now`. At most a day; zero for what is neither, and for a moment that has passed.
[[nodiscard]] std::chrono::seconds retryAfter(std::string_view value, TimePoint now);

/// A moment as HTTP writes it (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`; nothing for another
/// text.
[[nodiscard]] std::optional<TimePoint> httpDate(std::string_view value);

}  // namespace agw
