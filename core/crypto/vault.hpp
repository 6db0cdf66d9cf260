#pragma once

#include <string>
#include <vector>

#include "crypto/fernet.hpp"

namespace agw {

/// Where a ciphertext belongs. All of it is written into the plaintext and compared after decryption, so that
/// a ciphertext moved to another row, column, table, provider or owner does not decrypt there.
struct Place {
  std::string_view table;
  std::string_view column;
  std::string_view id;
  std::string_view provider;
  std::string_view owner;
};

/// Encrypts with the first key of the ring, decrypts with any.
///
/// Not covered: putting back an older state of a whole row (`docs/security.md`). Safe to call from many
/// threads.
class Vault {
 public:
  /// `keys`: at least one; the first one encrypts. References must outlive the vault.
  Vault(std::vector<FernetKey> keys, const Clock& clock, Random& random);

  [[nodiscard]] Result<std::string> seal(const Place& place, const Secret& secret) const;
  /// `Integrity` (`integrity_error`) when no key fits, the text was changed, or it belongs to another place.
  [[nodiscard]] Result<Secret> open(const Place& place, std::string_view sealed) const;
  /// Whether the first key made this text: rotation leaves it alone.
  [[nodiscard]] bool sealedByFirstKey(std::string_view sealed) const;

  /// Fingerprints in order, for messages.
  [[nodiscard]] std::vector<std::string> fingerprints() const;

 private:
  std::vector<Fernet> ring_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace agw
