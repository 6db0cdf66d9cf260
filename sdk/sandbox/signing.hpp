#pragma once

#include <Poco/JSON/Object.h>
#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <string>

namespace sandbox {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

/// A new RSA key of 2048 bits.
[[nodiscard]] PrivateKey generateRsaKey();
/// PKCS#1, `BEGIN RSA PRIVATE KEY`: the form in which GitHub hands out keys.
[[nodiscard]] std::string rsaPem(EVP_PKEY* key);
/// Writes `key` as PEM, readable by its owner only.
void writePrivateKey(const std::filesystem::path& file, EVP_PKEY* key);
/// The claims of a compact JWS that `key` signed with RS256; null when it did not.
[[nodiscard]] Poco::JSON::Object::Ptr verifyJws(const std::string& jws, EVP_PKEY* key);
/// The key in `file`, or a new one that is written there. Without a file (empty path): a new one.
[[nodiscard]] PrivateKey loadOrMakeKey(const std::filesystem::path& file);

/// Signs id_tokens with RS256. Safe to call from many threads.
class Signer {
 public:
  explicit Signer(PrivateKey key);
  /// A compact JWS (RFC 7515 section 7.1) over `claims`.
  [[nodiscard]] std::string sign(const Poco::JSON::Object& claims) const;
  /// The public half, RFC 7517.
  [[nodiscard]] Poco::JSON::Object keySet() const;
  [[nodiscard]] const std::string& keyId() const { return keyId_; }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

 private:
  PrivateKey key_;
  std::string keyId_;
  std::string modulus_;
  std::string exponent_;
};

}  // namespace sandbox
