#include "base/encoding.hpp"

#include <array>
#include <cstdint>

namespace agw {
namespace {

constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

constexpr std::array<std::int8_t, 256> makeReverse() {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t at = 0; at < kBase64Url.size(); ++at) {
    table[static_cast<unsigned char>(kBase64Url[at])] = static_cast<std::int8_t>(at);
  }
  return table;
}
constexpr auto kReverse = makeReverse();

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string base64UrlEncode(std::string_view octets, Padding padding) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : octets) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += kBase64Url[bits >> static_cast<unsigned>(held) & 63U];
    }
  }
  if (held > 0) text += kBase64Url[bits << static_cast<unsigned>(6 - held) & 63U];
  if (padding == Padding::Required) text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> base64UrlDecode(std::string_view text, Padding padding) {
  if (padding == Padding::Required) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  const auto valueAt = [&](std::size_t at) {
    return static_cast<std::int32_t>(kReverse[static_cast<unsigned char>(text[at])]);
  };
  const std::size_t whole = text.size() / 4 * 4;
  std::string octets(text.size() * 3 / 4, '\0');
  char* to = octets.data();
  for (std::size_t at = 0; at < whole; at += 4) {
    const std::int32_t bits =
        valueAt(at) << 18 | valueAt(at + 1) << 12 | valueAt(at + 2) << 6 | valueAt(at + 3);
    if (bits < 0) return std::nullopt;  // what is no digit has the sign, and a shift keeps it
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  if (whole == text.size()) return octets;
  const bool three = text.size() - whole == 3;
  const std::int32_t rest = valueAt(whole) << 12 | valueAt(whole + 1) << 6 | (three ? valueAt(whole + 2) : 0);
  if (rest < 0 || (rest & (three ? 0x3 : 0x3ff)) != 0) return std::nullopt;
  *to++ = static_cast<char>(rest >> 10);
  if (three) *to = static_cast<char>(rest >> 2);
  return octets;
}

std::string hexEncode(std::string_view octets) {
  std::string text;
  text.reserve(octets.size() * 2);
  for (const char c : octets) {
    text += kHex[static_cast<unsigned char>(c) >> 4U];
    text += kHex[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

std::string percentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[octet >> 4U];
      out += "0123456789ABCDEF"[octet & 15U];
    }
  }
  return out;
}

std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      if (at + 2 >= text.size()) return std::nullopt;
      const int high = hexDigit(text[at + 1]);
      const int low = hexDigit(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      out += plusIsSpace && text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

bool isUtf8(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size()) {
    const auto lead = static_cast<unsigned char>(octets[at++]);
    if (lead < 0x80) continue;
    int more = 0;
    std::uint32_t point = 0;
    std::uint32_t least = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1, point = lead & 0x1FU, least = 0x80;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2, point = lead & 0x0FU, least = 0x800;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3, point = lead & 0x07U, least = 0x10000;
    } else {
      return false;
    }
    for (; more > 0; --more) {
      if (at == octets.size()) return false;
      const auto next = static_cast<unsigned char>(octets[at++]);
      if ((next & 0xC0U) != 0x80U) return false;
      point = point << 6U | (next & 0x3FU);
    }
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  }
  return true;
}

std::string_view wholeLetters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  while (most > 0 && continues(most)) --most;
  return text.substr(0, most);
}

std::string toLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string htmlEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace agw
