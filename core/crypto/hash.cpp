#include "crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/hmac.h>

#include <climits>

#include "base/encoding.hpp"
#include "crypto/openssl.hpp"

namespace agw {
namespace {

constexpr std::size_t kSha256Size = 32;

// Looking an algorithm up by name costs more than hashing a short text, so it is done once.
const EVP_MD* sha256Algorithm() {
  static const openssl::Digest digest(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  openssl::require(digest != nullptr);
  return digest.get();
}

}  // namespace

std::string sha256(std::string_view octets) {
  std::string digest(kSha256Size, '\0');
  openssl::require(EVP_Digest(octets.data(), octets.size(), openssl::octets(digest), nullptr,
                              sha256Algorithm(), nullptr) == 1);
  return digest;
}

std::string sha256Hex(std::string_view octets) {
  return hexEncode(sha256(octets));
}

std::string hmacSha256(std::string_view key, std::string_view message) {
  std::string code(kSha256Size, '\0');
  std::size_t size = 0;
  openssl::require(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                             openssl::octets(message), message.size(), openssl::octets(code), code.size(),
                             &size) != nullptr);
  return code;
}

Result<Secret> pbkdf2Sha256(std::string_view passphrase, std::string_view salt, int rounds,
                            std::size_t length) {
  const openssl::ErrorsCleared cleared;
  const bool fits =
      passphrase.size() <= INT_MAX && salt.size() <= INT_MAX && length >= 1 && length <= INT_MAX;
  std::string derived(fits ? length : 0, '\0');
  if (!fits || rounds < 1 ||
      PKCS5_PBKDF2_HMAC(passphrase.data(), static_cast<int>(passphrase.size()), openssl::octets(salt),
                        static_cast<int>(salt.size()), rounds, sha256Algorithm(), static_cast<int>(length),
                        openssl::octets(derived)) != 1) {
    return Error{.kind = ErrorKind::Bug, .message = "A key cannot be derived with these parameters."};
  }
  return Secret(std::move(derived));
}

std::string codeChallengeS256(std::string_view verifier) {
  return base64UrlEncode(sha256(verifier));
}

}  // namespace agw
