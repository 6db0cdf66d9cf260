#include "crypto/key_ring.hpp"

#include <algorithm>
#include <string>

namespace agw {
namespace {

constexpr std::string_view kKeySetting = "AUTH_GATEWAY_ENCRYPTION_KEY";
constexpr std::string_view kSaltSetting = "AUTH_GATEWAY_ENCRYPTION_KEY_SALT";
constexpr std::string_view kRotationSetting = "AUTH_GATEWAY_ROTATION_KEYS";

Error badOption(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message)};
}

Error in(const std::string& setting, const Error& error) {
  return badOption(setting + ": " + error.message);
}

/// A key as such, or derived from a passphrase when there is a salt.
Result<FernetKey> fromEither(const Secret& text, const Secret& salt) {
  auto key = FernetKey::fromText(text.reveal());
  if (key || salt.empty()) return key;
  return FernetKey::fromPassphrase(text.reveal(), salt.reveal());
}

Error notAKey(const Error& error) {
  return badOption(std::string(kKeySetting) + ": " + error.message + " A passphrase is accepted only with " +
                   std::string(kSaltSetting) + ".");
}

}  // namespace

Result<std::vector<FernetKey>> makeKeyRing(const Secret& first, const Secret& salt,
                                           const std::vector<Secret>& rotation) {
  if (first.empty()) {
    return badOption(std::string(kKeySetting) + " is not set. Make a key with `auth-gateway generate-keys`.");
  }
  if (!salt.empty() && FernetKey::fromText(first.reveal())) {
    return badOption(std::string(kSaltSetting) + " is set, but " + std::string(kKeySetting) +
                     " is a key already. A salt belongs to a passphrase only: remove it.");
  }
  auto key = fromEither(first, salt);
  if (!key) return salt.empty() ? notAKey(key.error()) : in(std::string(kKeySetting), key.error());

  std::vector<FernetKey> ring{std::move(*key)};
  for (std::size_t at = 0; at < rotation.size(); ++at) {
    const std::string setting = std::string(kRotationSetting) + ", entry " + std::to_string(at + 1);
    auto older = fromEither(rotation[at], salt);
    if (!older) return in(setting, older.error());
    const Secret text = older->text();
    if (std::any_of(ring.begin(), ring.end(), [&](const FernetKey& known) { return known.text() == text; })) {
      return badOption(setting + ": this key is in the ring already. Name each key once.");
    }
    ring.push_back(std::move(*older));
  }
  return ring;
}

}  // namespace agw
