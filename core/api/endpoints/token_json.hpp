#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "broker/tokens.hpp"

namespace agw::api {

/// The longest life that a caller may ask a token to have left.
inline constexpr std::int64_t kMaxTtlSeconds = 86'400;

/// A time as answers have it; null for an absent one.
[[nodiscard]] boost::json::value timeJson(const std::optional<TimePoint>& time);
[[nodiscard]] boost::json::array textsJson(const std::vector<std::string>& texts);

/// The gateway's own form of a token.
[[nodiscard]] boost::json::object tokenJson(const TokenAnswer& answer);
/// The form of RFC 6749 section 5.1, with `issued_token_type` of RFC 8693 section 2.2.1.
[[nodiscard]] boost::json::object standardTokenJson(const TokenAnswer& answer, TimePoint now);

}  // namespace agw::api
