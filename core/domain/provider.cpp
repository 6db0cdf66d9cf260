#include "domain/provider.hpp"

namespace agw {

IdentityPolicy effectiveIdentity(const Provider& provider) {
  if (provider.config().identity) return *provider.config().identity;
  return provider.capabilities().verifiedEmail ? IdentityPolicy::Match : IdentityPolicy::Confirm;
}

}  // namespace agw
