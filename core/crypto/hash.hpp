#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// 32 octets.
[[nodiscard]] std::string sha256(std::string_view octets);
/// 64 lower-case hex digits.
[[nodiscard]] std::string sha256Hex(std::string_view octets);
/// RFC 2104 with SHA-256; 32 octets.
[[nodiscard]] std::string hmacSha256(std::string_view key, std::string_view message);
/// PBKDF2-HMAC-SHA256 (RFC 8018); `length` octets.
[[nodiscard]] Result<Secret> pbkdf2Sha256(std::string_view passphrase, std::string_view salt, int rounds,
                                          std::size_t length);
/// S256 of RFC 7636 section 4.2.
[[nodiscard]] std::string codeChallengeS256(std::string_view verifier);

}  // namespace agw
