#include "app/gauges.hpp"

namespace agw {

Gauges::Gauges(Parts parts)
    : parts_(std::move(parts)),
      database_(parts_.metrics.gauge("auth_gateway_database_up", "Whether the database answers.")),
      encryption_(parts_.metrics.gauge("auth_gateway_encryption_up", "Whether the vault seals and opens.")),
      changes_(parts_.metrics.gauge("auth_gateway_cache_listening",
                                    "Whether the database tells what others write; reads are answered from "
                                    "memory only while it does.")) {
  parts_.metrics.gauge("auth_gateway_build_info", "The running version.", {{"version", AGW_VERSION}}).set(1);
}

void Gauges::refresh() {
  database_.set(parts_.storage.ping().ok() ? 1 : 0);
  encryption_.set(parts_.encryptionWorks() ? 1 : 0);
  changes_.set(parts_.storage.tellsOthersWrites() ? 1 : 0);
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

void Gauges::countGrants() {
  constexpr std::chrono::hours kSoon{7 * 24};
  const auto now = parts_.clock.now();
  const auto counts = parts_.storage.countGrants(now, now + kSoon);
  if (!counts) return;
  const std::lock_guard lock(mutex_);
  // A provider whose last grant is gone has 0, not what it had.
  for (const auto& provider : counted_) showGrants({.provider = provider});
  for (const auto& count : *counts) {
    counted_.insert(count.provider);
    showGrants(count);
  }
}

void Gauges::showGrants(const GrantCount& count) {
  const auto show = [&](const char* state, std::int64_t number) {
    parts_.metrics
        .gauge("auth_gateway_grants",
               "Grants in the database; failing ones are active ones whose latest refresh failed.",
               {{"provider", count.provider}, {"state", state}})
        .set(static_cast<double>(number));
  };
  show("active", count.active);
  show("needs_consent", count.needsConsent);
  show("failing", count.failing);
  parts_.metrics
      .gauge("auth_gateway_grants_ending",
             "Active grants that end soon, as nothing has renewed what renews them.",
             {{"provider", count.provider}, {"within", "7d"}})
      .set(static_cast<double>(count.ending));
  const auto provider = parts_.providers.find(count.provider);
  const bool served = provider && (*provider)->config().refresh.proactive != Proactive::Off;
  parts_.metrics
      .gauge("auth_gateway_renewals_due", "Grants whose time in the schedule of renewals has come and gone.",
             {{"provider", count.provider}})
      .set(served ? static_cast<double>(count.due) : 0);
}

}  // namespace agw
