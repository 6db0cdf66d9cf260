#include "plugin/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

namespace agw {
namespace {

constexpr std::chrono::seconds longest = std::chrono::hours(24);

std::chrono::seconds bounded(std::int64_t seconds) {
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, longest.count()));
}

}  // namespace

std::chrono::seconds retryAfter(std::string_view value, TimePoint now) {
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failed == std::errc() && end == value.data() + value.size()) return bounded(seconds);

  const auto date = httpDate(value);
  return date ? bounded((toMillis(*date) - toMillis(now)) / 1000) : std::chrono::seconds(0);
}

std::optional<TimePoint> httpDate(std::string_view value) {
  std::tm parts{};
  std::istringstream text{std::string(value.substr(0, 40))};
  text.imbue(std::locale::classic());
  text >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
  if (text.fail()) return std::nullopt;
  return fromMillis(static_cast<std::int64_t>(::timegm(&parts)) * 1000);
}

}  // namespace agw
