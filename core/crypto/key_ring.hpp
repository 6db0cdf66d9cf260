#pragma once

#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/fernet.hpp"

namespace agw {

/// The keys of a vault from what the operator configured, in order: `first` encrypts, `first` and all of
/// `rotation` decrypt.
///
/// Without a salt every text must be a key (`FernetKey::fromText`). With a salt `first` must be a passphrase,
/// and an entry of `rotation` may be a key or a passphrase under the same salt: so one goes from a key to a
/// passphrase and from an old passphrase to a new one. `BadOption`, whose message names the setting and never
/// a value: a salt beside a `first` that is a key, a text that is neither, the same key twice. Deriving takes
/// a part of a second for each passphrase; call it at start and reload only.
[[nodiscard]] Result<std::vector<FernetKey>> makeKeyRing(const Secret& first, const Secret& salt,
                                                         const std::vector<Secret>& rotation);

}  // namespace agw
