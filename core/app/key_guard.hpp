#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "crypto/vault.hpp"
#include "storage/storage.hpp"

namespace agw {

// Two small records stand beside the data: the key check (crypto/key_check.hpp), and the fingerprints of all
// keys that rows may still be encrypted with. The second is what makes it safe to take a key away.

/// Looks, before the gateway writes anything, whether these keys can read this database. `BadOption` for the
/// operator when they are others, or when rows still need a key that is not among them, with their number;
/// nothing was written then. On success the records exist and name the first key. Cost does not grow with the
/// database, except for the counting of a refusal.
[[nodiscard]] Result<void> guardKeys(Storage& storage, const Vault& vault, Log& log);

/// After every row went over to the first key: the records name it alone.
[[nodiscard]] Result<void> recordOnlyFirstKey(Storage& storage, const Vault& vault);

/// The fingerprints that rows may be encrypted with.
[[nodiscard]] Result<std::set<std::string>> keysInUse(Storage& storage);

}  // namespace agw
