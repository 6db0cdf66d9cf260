#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox {

/// Base64url without padding (RFC 4648 section 5).
[[nodiscard]] std::string base64Url(std::string_view octets);
[[nodiscard]] std::string sha256(std::string_view text);
[[nodiscard]] std::string hex(std::string_view octets);
/// Empty when `text` is not base64url.
[[nodiscard]] std::string base64UrlDecode(std::string_view text);
[[nodiscard]] std::string hmacSha256(std::string_view key, std::string_view message);

/// `bytes` random octets as base64url. Ends the process when the system has no random numbers.
[[nodiscard]] std::string randomText(std::size_t bytes = 24);
/// `length` random ones of `alphabet`; by default of letters and digits.
[[nodiscard]] std::string randomLetters(
    std::size_t length,
    std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

/// Compares in a time that depends on the length only.
[[nodiscard]] bool sameSecret(std::string_view left, std::string_view right);

[[nodiscard]] std::string escapeHtml(std::string_view text);

/// Splits at `separator`, drops empty parts. The space is that of `scope` in RFC 6749 section 3.3.
[[nodiscard]] std::vector<std::string> splitScopes(std::string_view text, char separator = ' ');
[[nodiscard]] std::string joinScopes(const std::vector<std::string>& scopes, char separator = ' ');

[[nodiscard]] bool hasScope(const std::vector<std::string>& scopes, const std::string& scope);

/// RFC 3339 in UTC, of seconds since 1970.
[[nodiscard]] std::string isoTime(std::int64_t seconds);

/// `parameters` as application/x-www-form-urlencoded.
[[nodiscard]] std::string formEncode(const std::vector<std::pair<std::string, std::string>>& parameters);
/// `url` with `parameters` appended, each encoded, in order.
[[nodiscard]] std::string withQuery(const std::string& url,
                                    const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace sandbox
