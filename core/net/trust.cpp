#include "net/trust.hpp"

#include <openssl/err.h>

namespace agw {

Result<TrustStore> loadTrust(const std::string& caFile) {
  TrustStore store(X509_STORE_new());
  const bool system = store && X509_STORE_set_default_paths(store.get()) == 1;
  const bool further = system && (caFile.empty() || X509_STORE_load_file(store.get(), caFile.c_str()) == 1);
  ERR_clear_error();
  if (!system) return Error{.kind = ErrorKind::Bug, .message = "The trusted certificates cannot be loaded."};
  if (!further) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "The file of further trusted certificates cannot be read as PEM.",
                 .detail = caFile};
  }
  return store;
}

}  // namespace agw
