#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/vault.hpp"

namespace agw {

/// The key check: a record kept beside the data that tells, before anything is written, whether the
/// configured keys are those that made the data. It names the key by its fingerprint and holds a constant
/// encrypted by it.

/// A record made with the vault's first key: for an empty database, and again after all rows went over to a
/// new key.
[[nodiscard]] Result<std::string> makeKeyCheck(const Vault& vault);

/// Success when one of the vault's keys made `record`. Otherwise `BadOption` with the fingerprint that made
/// the data, those of the keys given, and what to do; the caller must not start and must write nothing.
[[nodiscard]] Result<void> verifyKeyCheck(const Vault& vault, std::string_view record);

}  // namespace agw
