#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What signatures of inbound events are written in. Pure functions.
namespace auth_gateway {

/// Compares without telling by its duration where two texts differ. Their lengths are no secret.
[[nodiscard]] inline bool equalInConstantTime(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t at = 0; at < left.size(); ++at) {
    difference = difference | static_cast<unsigned char>(left[at] ^ right[at]);
  }
  return difference == 0;
}

/// Lower-case hex digits.
[[nodiscard]] inline std::string hexEncode(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const char character : octets) {
    const auto octet = static_cast<unsigned char>(character);
    text += digits[octet >> 4U];
    text += digits[octet & 15U];
  }
  return text;
}

/// RFC 4648 section 5 without padding, as JWTs have it. Strict: nothing for another alphabet, for padding and
/// for a last character with bits that nothing needs.
[[nodiscard]] inline std::optional<std::string> base64UrlDecode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string octets;
  octets.reserve(text.size() / 4 * 3 + 2);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char character : text) {
    unsigned value = 0;
    if (character >= 'A' && character <= 'Z') {
      value = static_cast<unsigned>(character - 'A');
    } else if (character >= 'a' && character <= 'z') {
      value = static_cast<unsigned>(character - 'a') + 26;
    } else if (character >= '0' && character <= '9') {
      value = static_cast<unsigned>(character - '0') + 52;
    } else if (character == '-' || character == '_') {
      value = character == '-' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6U | value) & 0xfffU;
    held += 6;
    if (held >= 8) {
      held -= 8;
      octets += static_cast<char>(bits >> held & 0xffU);
    }
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return octets;
}

}  // namespace auth_gateway
