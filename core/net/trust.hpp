#pragma once

#include <openssl/x509_vfy.h>

#include <memory>
#include <string>

#include "base/result.hpp"

namespace agw {

struct FreeStore {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
using TrustStore = std::unique_ptr<X509_STORE, FreeStore>;

/// The certificates that may vouch for a provider: the system's (or those that SSL_CERT_FILE and SSL_CERT_DIR
/// name), and the PEM file `caFile` if one is given. `BadOption` when that file cannot be read. Safe to use
/// from many threads.
[[nodiscard]] Result<TrustStore> loadTrust(const std::string& caFile);

}  // namespace agw
