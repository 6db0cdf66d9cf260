#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.hpp"

namespace agw {

/// The pause that a Retry-After value asks for (RFC 9110 section 10.2.3): seconds, or an HTTP date relative
/// to `now`. At most a day; zero for what is neither, and for a moment that has passed.
[[nodiscard]] std::chrono::seconds retryAfter(std::string_view value, TimePoint now);

}  // namespace agw
