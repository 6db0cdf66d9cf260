#include "domain/provider.hpp"

namespace agw {
namespace {

Error notOffered(const Provider& provider) {
  return {.kind = ErrorKind::Unsupported, .message = provider.displayName() + " does not offer this."};
}

}  // namespace

Result<InstallationCallback> Provider::readCallback(const CallbackReading&) {
  return notOffered(*this);
}
Result<std::vector<TokenSet>> Provider::exchangeInstallation(const CodeExchange&) {
  return notOffered(*this);
}
Result<std::vector<InstallationFacts>> Provider::installations(const std::vector<TokenSet>&,
                                                               const QueryParameters&) {
  return notOffered(*this);
}
Result<TokenSet> Provider::mintInstallationToken(const MintRequest&) {
  return notOffered(*this);
}
Result<WebhookReading> Provider::readWebhook(const WebhookRequest&) {
  return notOffered(*this);
}
Result<DeviceGrant> Provider::startDevice(const Scopes&) {
  return notOffered(*this);
}
Result<DevicePoll> Provider::pollDevice(const Secret&, const Scopes&) {
  return notOffered(*this);
}

IdentityPolicy effectiveIdentity(const Provider& provider) {
  if (provider.config().identity) return *provider.config().identity;
  return provider.capabilities().verifiedEmail ? IdentityPolicy::Match : IdentityPolicy::Confirm;
}

}  // namespace agw
