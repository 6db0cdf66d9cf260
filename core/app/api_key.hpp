#pragma once

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// How keys of callers look: `agw_`, 43 base64url characters (256 random bits), 6 more that are a checksum,
/// so that scanners can tell a leaked key from other text. The gateway itself compares hashes and never looks
/// at the form.
[[nodiscard]] Result<Secret> makeApiKey(Random& random);

/// Whether the form and the checksum are right: what a scanner asks.
[[nodiscard]] bool looksLikeApiKey(std::string_view text);

/// The first characters, which may be shown: `agw_Zk3vQw9T`.
[[nodiscard]] std::string apiKeyPrefix(const Secret& key);

}  // namespace agw
