#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace agw::test {

/// A file with the given content, gone with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::string path_;
};

/// A server's certificate with its key, both PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};

/// A certificate authority that exists for one test.
class Authority {
 public:
  Authority();
  ~Authority();

  /// PEM, for `caFile`.
  [[nodiscard]] std::string certificate() const;
  /// `names`: as OpenSSL writes subject alternative names, `DNS:localhost,IP:127.0.0.2`. `life` counts from
  /// yesterday.
  [[nodiscard]] TlsIdentity issue(const std::string& names,
                                  std::chrono::hours life = std::chrono::hours(48)) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace agw::test
