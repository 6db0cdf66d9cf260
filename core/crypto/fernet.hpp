#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// One Fernet key: 128 bits to sign, 128 bits to encrypt.
class FernetKey {
 public:
  /// The strict form: 44 characters of padded base64url. `BadOption` otherwise, and for keys that protect
  /// nothing (all octets equal, published examples). The message names the command that makes a key, never
  /// the value.
  [[nodiscard]] static Result<FernetKey> fromText(std::string_view text);
  /// PBKDF2-HMAC-SHA256 with 600,000 rounds. `salt`: at least 16 octets.
  [[nodiscard]] static Result<FernetKey> fromPassphrase(std::string_view passphrase, std::string_view salt);
  [[nodiscard]] static Result<FernetKey> generate(Random& random);

  [[nodiscard]] Secret text() const;
  /// First 8 hex digits of SHA-256 over the key: names a key in messages and in the key check.
  [[nodiscard]] std::string fingerprint() const;

 private:
  explicit FernetKey(Secret octets) : octets_(std::move(octets)) {}
  friend class Fernet;
  Secret octets_;  // 32: signing half first
};

/// Fernet (github.com/fernet/spec): AES-128-CBC, HMAC-SHA256 over all before it, checked first and in
/// constant time. Safe to call from many threads.
class Fernet {
 public:
  explicit Fernet(FernetKey key);
  ~Fernet();
  Fernet(Fernet&&) noexcept;
  Fernet& operator=(Fernet&&) noexcept;

  /// `Bug` when the system gives no random octets.
  [[nodiscard]] Result<std::string> encrypt(const Secret& plaintext, TimePoint now, Random& random) const;
  /// For the published vectors, which fix the IV (16 octets).
  [[nodiscard]] std::string encryptWithIv(std::string_view plaintext, std::int64_t seconds,
                                          std::string_view iv) const;

  struct Age {
    TimePoint now;
    std::chrono::seconds ttl;
  };
  /// Strict: one spelling for one token. Every failure is the same `Integrity` error, whatever was wrong.
  /// With `age`, older tokens and those more than 60 s ahead of `now` fail too.
  [[nodiscard]] Result<Secret> decrypt(std::string_view token, std::optional<Age> age = {}) const;

  [[nodiscard]] const FernetKey& key() const;

 private:
  struct Cipher;  // key schedules, made once
  std::unique_ptr<Cipher> cipher_;
};

}  // namespace agw
