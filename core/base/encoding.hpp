#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agw {

/// RFC 4648 section 5.
enum class Padding { None, Required };

[[nodiscard]] std::string base64UrlEncode(std::string_view octets, Padding padding = Padding::None);

/// Strict: only the base64url alphabet, exactly the padding asked for, and zero in the unused low bits of the
/// last character, so that one octet string has one spelling. Nothing else decodes.
[[nodiscard]] std::optional<std::string> base64UrlDecode(std::string_view text,
                                                         Padding padding = Padding::None);

[[nodiscard]] std::string hexEncode(std::string_view octets);

/// Percent-encodes everything but RFC 3986's unreserved characters; right for a query value and for
/// application/x-www-form-urlencoded alike.
[[nodiscard]] std::string percentEncode(std::string_view text);

/// Decodes `%XX`, and `+` as a space when `plusIsSpace`. Nothing for a broken escape.
[[nodiscard]] std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace);

/// Whether the octets are well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or values above
/// U+10FFFF.
[[nodiscard]] bool isUtf8(std::string_view octets);

/// As much of the beginning of UTF-8 as fits into `most` octets without cutting a letter.
[[nodiscard]] std::string_view wholeLetters(std::string_view text, std::size_t most);

/// ASCII only; other octets stay as they are.
[[nodiscard]] std::string toLower(std::string_view text);

/// `&`, `<`, `>`, `"` and `'` as character references: safe in HTML text and in quoted attributes.
[[nodiscard]] std::string htmlEscape(std::string_view text);

}  // namespace agw
