#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace agw {

/// The signature algorithms that id_tokens may use (RFC 7518 section 3.1): public keys only.
enum class JwsAlgorithm { Rs256, Ps256, Es256 };

/// Nothing for any other name, `none` and the HMAC family among them.
[[nodiscard]] std::optional<JwsAlgorithm> jwsAlgorithm(std::string_view name);

/// What is to be verified: the first two parts of a compact JWS as they stand, and the third decoded.
struct SignedText {
  JwsAlgorithm algorithm;
  std::optional<std::string_view> keyId;
  std::string_view text;
  std::string_view signature;
};

/// Verifies with the key of `jwks` (RFC 7517) that has `keyId` and fits the algorithm; without `keyId` the
/// only one that fits. `NotFound` when the set has no such key, `Malformed` for everything else.
[[nodiscard]] Result<void> verifySignature(const SignedText& token, std::string_view jwks);

}  // namespace agw
