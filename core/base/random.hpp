#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace agw {

/// The only source of randomness. The real one is RAND_bytes; tests count up from a seed.
/// Safe to call from many threads.
class Random {
 public:
  virtual ~Random() = default;
  /// `count` random octets. `Bug` when the system gives none: never a weaker substitute.
  [[nodiscard]] virtual Result<std::string> bytes(std::size_t count) = 0;
};

class SystemRandom final : public Random {
 public:
  [[nodiscard]] Result<std::string> bytes(std::size_t count) override;
};

/// A number in [0, 1) that spreads work in time; one half when the system gives no randomness. Never for
/// secrets.
[[nodiscard]] double jitter(Random& random);

/// A version 4 UUID (RFC 9562) in its usual lower-case spelling.
[[nodiscard]] Result<std::string> newUuid(Random& random);

/// True for the 36-character lower-case spelling of a UUID: what the gateway itself hands out as an id.
[[nodiscard]] bool isUuid(std::string_view text);

/// 32 random octets in base64url, 43 characters of RFC 3986's unreserved set: a `state`, a code verifier
/// (RFC 7636 section 4.1) or an API key.
[[nodiscard]] Result<std::string> newToken(Random& random);

}  // namespace agw
