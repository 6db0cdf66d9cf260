#pragma once

#include <string>
#include <string_view>

#include "base/encoding.hpp"

namespace agw::api {

[[nodiscard]] constexpr char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// ASCII only, as HTTP compares names (RFC 9110 section 5.1).
[[nodiscard]] constexpr bool equalsIgnoringCase(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (lowered(left[at]) != lowered(right[at])) return false;
  }
  return true;
}

[[nodiscard]] constexpr bool startsIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equalsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Below space, or DEL: what may stand in no header, address or log line.
[[nodiscard]] constexpr bool isControl(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 || octet == 0x7f;
}

/// As much of a name that a client chose as a message repeats.
[[nodiscard]] inline std::string shownName(std::string_view name) {
  constexpr std::size_t kMost = 64;
  return std::string(wholeLetters(name, kMost));
}

}  // namespace agw::api
