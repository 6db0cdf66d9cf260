#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

/// Base64url without padding (RFC 4648 section 5).
[[nodiscard]] std::string base64Url(std::string_view octets);
[[nodiscard]] std::string sha256(std::string_view text);
[[nodiscard]] std::string hex(std::string_view octets);

/// `bytes` random octets as base64url. Ends the process when the system has no random numbers.
[[nodiscard]] std::string randomText(std::size_t bytes = 24);

/// Compares in a time that depends on the length only.
[[nodiscard]] bool sameSecret(std::string_view left, std::string_view right);

[[nodiscard]] std::string escapeHtml(std::string_view text);

/// Splits at single spaces, drops empty parts: `scope` of RFC 6749 section 3.3.
[[nodiscard]] std::vector<std::string> splitScopes(std::string_view text);
[[nodiscard]] std::string joinScopes(const std::vector<std::string>& scopes);

[[nodiscard]] bool hasScope(const std::vector<std::string>& scopes, const std::string& scope);

/// `url` with `parameters` appended, each encoded, in order.
[[nodiscard]] std::string withQuery(const std::string& url,
                                    const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace sandbox
