#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// What an id_token must say (OpenID Connect Core 3.1.3.7).
struct IdTokenExpectation {
  std::vector<std::string> issuers;  ///< any of these, compared exactly
  std::string audience;              ///< our client id
  std::string nonce;                 ///< empty: not compared
  std::chrono::seconds leeway{60};
  /// It is a Security Event Token (RFC 8417) instead: `events` must be there, so that no id_token passes for
  /// one; `exp`, `sub` and `azp` need not be.
  bool securityEvent = false;
};

/// Verifies the signature of a compact JWS with a key of `jwks` (RFC 7515, 7517) and the claims, and returns
/// the claims. Algorithms: RS256, PS256 and ES256 by public keys only; `none` and HMAC never. `Malformed` for
/// everything wrong with the token. `NotFound` when `jwks` has no key of that `kid`: fetch the set anew,
/// once.
[[nodiscard]] Result<boost::json::object> verifyIdToken(std::string_view token, std::string_view jwks,
                                                        const IdTokenExpectation& expected, TimePoint now);

/// `BadOption` unless `pem` (PKCS#1 or PKCS#8, unencrypted) is an RSA private key of at least 2048 bits.
[[nodiscard]] Result<void> checkRsaPrivateKey(const Secret& pem);

/// Signs `claims` as a compact JWS with RS256 (RFC 7518 section 3.3). `BadOption` as
/// `checkRsaPrivateKey`.
[[nodiscard]] Result<Secret> signRs256(const boost::json::object& claims, const Secret& privateKeyPem);

}  // namespace agw
