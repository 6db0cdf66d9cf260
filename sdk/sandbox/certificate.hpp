#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sandbox {

struct CertificateFiles {
  std::filesystem::path certificate;  ///< what clients have to trust
  std::filesystem::path key;
};

/// A self-signed certificate of `key` as PEM.
[[nodiscard]] std::string certificatePem(EVP_PKEY* key, const std::vector<std::string>& hosts);

/// A self-signed certificate for `hosts` (names or addresses) in `folder`, valid for a year. One that is
/// there already is used again while it lives, so that clients which trust it go on working.
[[nodiscard]] CertificateFiles ensureCertificate(const std::filesystem::path& folder,
                                                 const std::vector<std::string>& hosts);

}  // namespace sandbox
