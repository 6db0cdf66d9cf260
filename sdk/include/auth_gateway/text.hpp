#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Small pure functions on the texts that OAuth is made of.
namespace auth_gateway {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Everything but RFC 3986's unreserved characters becomes %XX.
inline std::string percentEncode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char character : text) {
    const auto octet = static_cast<unsigned char>(character);
    const bool unreserved = (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
                            (octet >= 'a' && octet <= 'z') || octet == '-' || octet == '.' || octet == '_' ||
                            octet == '~';
    if (unreserved) {
      encoded += character;
    } else {
      encoded += '%';
      encoded += hex[octet >> 4U];
      encoded += hex[octet & 15U];
    }
  }
  return encoded;
}

/// `address` with the parameters behind what query it already has.
inline std::string withQuery(std::string_view address, const Parameters& parameters) {
  std::string url(address);
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    url += separator;
    url += percentEncode(name);
    url += '=';
    url += percentEncode(value);
    separator = '&';
  }
  return url;
}

/// Providers separate scopes by spaces (RFC 6749 section 3.3), some by commas, and some answer the other way
/// than they ask.
inline std::vector<std::string> splitScopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (true) {
    const auto begin = text.find_first_not_of(" ,");
    if (begin == std::string_view::npos) return scopes;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" ,"), text.size());
    scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

inline std::string joinScopes(const std::vector<std::string>& scopes, std::string_view separator) {
  std::string text;
  for (const auto& scope : scopes) {
    if (!text.empty()) text += separator;
    text += scope;
  }
  return text;
}

/// A life in seconds out of `3599`, `"3599"` or `3599.0`. Nothing for zero, for negative and absurd values
/// (over ten years) and for anything else: a provider that says nonsense has said nothing.
inline std::optional<std::int64_t> lifetime(std::string_view text) {
  constexpr std::int64_t tenYears = 10LL * 366 * 24 * 3600;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    if (text.find_first_not_of('0', dot + 1) != std::string_view::npos) return std::nullopt;
    text = text.substr(0, dot);
  }
  if (text.empty() || text.size() > 10) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    seconds = seconds * 10 + (digit - '0');
  }
  if (seconds == 0 || seconds > tenYears) return std::nullopt;
  return seconds;
}

/// `text` as a JSON string, with its quotation marks.
inline std::string jsonString(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char character : text) {
    const auto octet = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      json += '\\';
      json += character;
    } else if (octet < 0x20) {
      json += "\\u00";
      json += hex[octet >> 4U];
      json += hex[octet & 15U];
    } else {
      json += character;
    }
  }
  return json + '"';
}

/// A JSON object of texts, for providers that want JSON requests.
inline std::string jsonObject(const Parameters& members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    if (json.size() > 1) json += ',';
    json += jsonString(name) + ':' + jsonString(value);
  }
  return json + '}';
}

/// Seconds since 1970 of a UTC time as APIs write it (RFC 3339): `2026-10-30T12:00:00Z`, with or without a
/// fraction. Nothing for any other text.
inline std::optional<std::int64_t> utcTime(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() <= shape.size() || text.back() != 'Z') return std::nullopt;
  const auto fraction = text.substr(shape.size(), text.size() - shape.size() - 1);
  const bool whole = fraction.empty() || (fraction.size() > 1 && fraction[0] == '.' &&
                                          fraction.find_first_not_of("0123456789", 1) == fraction.npos);
  if (!whole) return std::nullopt;
  std::int64_t numbers[6] = {};
  std::size_t part = 0;
  for (std::size_t at = 0; at < shape.size(); ++at) {
    if (shape[at] != '0') {
      if (text[at] != shape[at]) return std::nullopt;
      ++part;
    } else {
      if (text[at] < '0' || text[at] > '9') return std::nullopt;
      numbers[part] = numbers[part] * 10 + (text[at] - '0');
    }
  }
  const auto [year, month, day, hour, minute, second] = numbers;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  if (day < 1 || day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) return std::nullopt;
  const auto before = year - 1;  // leap days of the years before
  auto days =
      (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
  for (std::int64_t earlier = 1; earlier < month; ++earlier) days += lengths[earlier - 1];
  days += day - 1 + (month > 2 && leap ? 1 : 0);
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace auth_gateway
