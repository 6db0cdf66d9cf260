#include "broker/installation_cursor.hpp"

#include <charconv>

#include "base/encoding.hpp"
#include "base/random.hpp"

namespace agw {
namespace {

/// A number of digits alone, up to the colon.
std::optional<std::int64_t> takeNumber(std::string_view& text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + colon;
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  text.remove_prefix(colon + 1);
  return number;
}

}  // namespace

std::string makeCursor(const InstallationPlace& place) {
  std::string text = std::to_string(place.declared) + ":";
  if (place.after) text += std::to_string(toMillis(place.after->createdAt)) + ":" + place.after->id;
  return base64UrlEncode(text);
}

Result<InstallationPlace> readCursor(const std::string& cursor) {
  if (cursor.empty()) return InstallationPlace{};
  const Error unknown{.kind = ErrorKind::InvalidRequest,
                      .message = "This cursor is none; take next_cursor of the page before.",
                      .facts = {{"field", {"cursor"}}}};
  const auto text = base64UrlDecode(cursor);
  if (!text) return unknown;
  std::string_view rest = *text;
  const auto declared = takeNumber(rest);
  if (!declared) return unknown;
  InstallationPlace place{.declared = static_cast<std::size_t>(*declared), .after = {}};
  if (rest.empty()) return place;
  const auto millis = takeNumber(rest);
  if (!millis || !isUuid(rest)) return unknown;
  place.after = {fromMillis(*millis), std::string(rest)};
  return place;
}

}  // namespace agw
