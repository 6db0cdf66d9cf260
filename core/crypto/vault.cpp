#include "crypto/vault.hpp"

#include <array>
#include <cassert>
#include <limits>
#include <optional>

// What is encrypted (docs/storage-format.md): octet 0x01 | table | column | row id | provider | owner, each
// as its length in 2 octets big-endian and its text | the secret, to the end.
namespace agw {
namespace {

constexpr char kVersion = '\x01';

/// All before the secret. Every part carries its length, so no two places share an envelope head.
std::optional<std::string> head(const Place& place) {
  const std::array parts = {place.table, place.column, place.id, place.provider, place.owner};
  std::string text(1, kVersion);
  for (const std::string_view part : parts) {
    if (part.size() > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    text += static_cast<char>(part.size() >> 8U);
    text += static_cast<char>(part.size() & 255U);
    text += part;
  }
  return text;
}

Error unfit(std::string message) {
  return Error{.kind = ErrorKind::Integrity, .message = std::move(message), .code = "integrity_error"};
}

std::vector<Fernet> toCiphers(std::vector<FernetKey> keys) {
  assert(!keys.empty() && "a vault needs a key");
  std::vector<Fernet> ring;
  ring.reserve(keys.size());
  for (auto& key : keys) ring.emplace_back(std::move(key));
  return ring;
}

}  // namespace

Vault::Vault(std::vector<FernetKey> keys, const Clock& clock, Random& random)
    : ring_(toCiphers(std::move(keys))), clock_(clock), random_(random) {}

Result<std::string> Vault::seal(const Place& place, const Secret& secret) const {
  auto plaintext = head(place);
  if (!plaintext) return Error{.kind = ErrorKind::Bug, .message = "A secret's place has too long a name."};
  const std::size_t headSize = plaintext->size();
  plaintext->reserve(headSize + secret.size());
  plaintext->append(secret.reveal());
  return ring_.front().encrypt(Secret(std::move(*plaintext)), clock_.now(), random_);
}

Result<Secret> Vault::open(const Place& place, std::string_view sealed) const {
  for (const Fernet& fernet : ring_) {
    const auto plaintext = fernet.decrypt(sealed);
    if (!plaintext) continue;
    const auto expected = head(place);
    if (!expected || !plaintext->reveal().starts_with(*expected)) {
      return unfit("A stored secret belongs to another row, column, provider or owner.");
    }
    return Secret(std::string(plaintext->reveal().substr(expected->size())));
  }
  return unfit("A stored secret cannot be read: it was changed, or none of the encryption keys made it.");
}

bool Vault::sealedByFirstKey(std::string_view sealed) const {
  return ring_.front().decrypt(sealed).ok();
}

std::vector<std::string> Vault::fingerprints() const {
  std::vector<std::string> all;
  all.reserve(ring_.size());
  for (const Fernet& fernet : ring_) all.push_back(fernet.key().fingerprint());
  return all;
}

}  // namespace agw
