#include "app/gauges.hpp"

namespace agw {

Gauges::Gauges(Parts parts)
    : parts_(std::move(parts)),
      database_(parts_.metrics.gauge("auth_gateway_database_up", "Whether the database answers.")),
      encryption_(parts_.metrics.gauge("auth_gateway_encryption_up", "Whether the vault seals and opens.")) {
  parts_.metrics.gauge("auth_gateway_build_info", "The running version.", {{"version", AGW_VERSION}}).set(1);
}

void Gauges::refresh() {
  database_.set(parts_.storage.ping().ok() ? 1 : 0);
  encryption_.set(parts_.encryptionWorks() ? 1 : 0);
  showProviders();
}

void Gauges::showProviders() {
  for (const auto& status : parts_.providers.list()) {
    parts_.metrics
        .gauge("auth_gateway_provider_up", "Whether a provider entry is loaded and configured.",
               {{"provider", status.id}})
        .set(status.state == LoadState::Ready ? 1 : 0);
  }
}

}  // namespace agw
