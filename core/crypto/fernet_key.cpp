#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "crypto/fernet.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kLeastSalt = 16;
constexpr std::size_t kLeastPassphrase = 12;
constexpr int kRounds = 600'000;  // OWASP's figure for PBKDF2-HMAC-SHA256

// Keys and passphrases that anybody can read on the web protect nothing.
constexpr std::array<std::string_view, 3> kPublished = {
    "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",  // the published test vectors
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",  // octets 0 to 31
    "wZq3t6v9y$B&E)H@McQfTjWnZr4u7x!A",              // a widespread sample configuration
};

bool published(std::string_view text) {
  return std::any_of(kPublished.begin(), kPublished.end(), [&](auto known) { return known == text; });
}

bool allEqual(std::string_view octets) {
  return octets.find_first_not_of(octets.front()) == octets.npos;
}

Error refused(std::string_view why) {
  return Error{.kind = ErrorKind::BadOption,
               .message = std::string(why) + " Make a key with `auth-gateway generate-keys`."};
}

}  // namespace

Result<FernetKey> FernetKey::fromText(std::string_view text) {
  constexpr std::size_t kTextSize = 44;
  if (text.size() != kTextSize) {
    return refused("The encryption key must be 44 characters of padded base64url.");
  }
  auto decoded = base64UrlDecode(text, Padding::Required);
  if (!decoded || decoded->size() != kKeySize) {
    return refused(
        "The encryption key is not base64url: letters, digits, '-' and '_', and one '=' at the end, "
        "without white space.");
  }
  Secret octets(std::move(*decoded));
  if (allEqual(octets.reveal()) || published(text)) {
    return refused("The encryption key is a known example and protects nothing.");
  }
  return FernetKey(std::move(octets));
}

Result<FernetKey> FernetKey::fromPassphrase(std::string_view passphrase, std::string_view salt) {
  if (salt.size() < kLeastSalt) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "The salt of the encryption passphrase must have at least 16 octets."};
  }
  if (passphrase.size() < kLeastPassphrase || allEqual(passphrase) || published(passphrase)) {
    return refused("The encryption passphrase is too short, or a known example.");
  }
  auto derived = pbkdf2Sha256(passphrase, salt, kRounds, kKeySize);
  if (!derived) return derived.error();
  return FernetKey(std::move(*derived));
}

Result<FernetKey> FernetKey::generate(Random& random) {
  auto octets = random.bytes(kKeySize);
  if (!octets) return octets.error();
  return FernetKey(Secret(std::move(*octets)));
}

Secret FernetKey::text() const {
  return Secret(base64UrlEncode(octets_.reveal(), Padding::Required));
}

std::string FernetKey::fingerprint() const {
  constexpr std::size_t kShown = 8;
  return sha256Hex(octets_.reveal()).substr(0, kShown);
}

}  // namespace agw
