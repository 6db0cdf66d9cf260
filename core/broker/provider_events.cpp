#include "broker/provider_events.hpp"

#include <set>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"

namespace agw {
namespace {

/// How often it looks again because somebody else changed the row under it.
constexpr int kLooks = 8;

/// Providers tell whole seconds: a consent in the same one may well be what the event ends.
bool isLater(TimePoint consentedAt, TimePoint event) {
  return consentedAt >= event + std::chrono::seconds(1);
}

const char* auditWord(ProviderEventKind kind) {
  switch (kind) {
    case ProviderEventKind::Suspended:
      return "installation_suspended";
    case ProviderEventKind::Unsuspended:
      return "installation_unsuspended";
    default:
      return "installation_changed";
  }
}

/// The row as the event makes it; false when it is so already.
bool applyTo(Installation& row, const ProviderEvent& event) {
  switch (event.event) {
    case ProviderEventKind::Suspended:
      return std::exchange(row.status, InstallationStatus::Suspended) != InstallationStatus::Suspended;
    case ProviderEventKind::Unsuspended:
      return std::exchange(row.status, InstallationStatus::Active) != InstallationStatus::Active;
    default:
      if (!event.permissions || row.permissions == *event.permissions) return false;
      row.permissions = *event.permissions;
      return true;
  }
}

}  // namespace

ProviderEvents::ProviderEvents(Parts parts) : parts_(parts) {}

Result<void> ProviderEvents::apply(const std::string& provider, const ProviderEvent& event,
                                   const std::string& requestId) {
  auto done = carryOut(provider, event, requestId);
  // Afterwards, so that a read in between does not keep what it finds.
  if (!done) return done;
  return parts_.tokens.changedAtProvider({provider, event.orgId, event.installationId});
}

Result<void> ProviderEvents::carryOut(const std::string& provider, const ProviderEvent& event,
                                      const std::string& requestId) {
  switch (event.event) {
    case ProviderEventKind::Uninstalled:
      return uninstalled(provider, event, requestId);
    case ProviderEventKind::Suspended:
    case ProviderEventKind::Unsuspended:
    case ProviderEventKind::PermissionsChanged:
      return changed(provider, event, requestId);
    case ProviderEventKind::TokensRevoked:
      return tokensRevoked(provider, event, requestId);
    case ProviderEventKind::ConsentEnded:
      return consentEnded(provider, event, requestId);
  }
  return {};
}

Result<std::optional<Installation>> ProviderEvents::find(const std::string& provider,
                                                         const ProviderEvent& event) {
  auto row = event.installationId.empty()
                 ? parts_.storage.findLivingInstallation(provider, event.orgId)
                 : parts_.storage.findLivingInstallationById(provider, event.installationId);
  if (!row) return storageFailure(std::move(row).error());
  if (*row || event.installationId.empty() || event.orgId.empty()) return row;
  // Some installations have no id of their own; one that has another is a later one.
  row = parts_.storage.findLivingInstallation(provider, event.orgId);
  if (!row) return storageFailure(std::move(row).error());
  if (*row && !(*row)->installationId.empty()) return std::optional<Installation>();
  return row;
}

/// Whether the organisation's tokens come from a consent after `at`: then the event is about an older one.
Result<bool> ProviderEvents::isNewer(const Installation& row, const std::optional<TimePoint>& at) {
  if (!at || row.minted()) return false;
  const auto grant =
      parts_.storage.findGrant(row.provider, installationOwner(row.consentId, row.kinds.front()));
  if (!grant) return storageFailure(grant.error());
  return *grant && isLater((*grant)->consentedAt, *at);
}

Result<void> ProviderEvents::uninstalled(const std::string& provider, const ProviderEvent& event,
                                         const std::string& requestId) {
  const auto row = find(provider, event);
  if (!row) return row.error();
  if (!*row) return {};
  const auto newer = isNewer(**row, event.at);
  if (!newer) return newer.error();
  if (*newer) return {};
  return parts_.ender.endedAtProvider(**row, "installation_uninstalled", requestId);
}

Result<void> ProviderEvents::changed(const std::string& provider, const ProviderEvent& event,
                                     const std::string& requestId) {
  for (int looks = 0; looks < kLooks; ++looks) {
    auto found = find(provider, event);
    if (!found) return std::move(found).error();
    if (!*found) return {};
    Installation& row = **found;
    if (!applyTo(row, event)) return {};
    row.updatedAt = parts_.clock.now();
    const auto written = parts_.storage.updateInstallation(row, row.version);
    if (written) {
      record(provider, organisationOwner(row.orgId), auditWord(event.event), requestId);
      return {};
    }
    if (written.error().kind != ErrorKind::Conflict) return storageFailure(written.error());
  }
  return overloaded();
}

Result<void> ProviderEvents::tokensRevoked(const std::string& provider, const ProviderEvent& event,
                                           const std::string& requestId) {
  const auto concerns = [&](const std::string& kind) { return event.kind.empty() || event.kind == kind; };
  std::vector<Grant> ended;
  if (!event.subject.empty()) {
    auto grants = parts_.storage.listGrantsOfSubject(provider, event.subject);
    if (!grants) return storageFailure(std::move(grants).error());
    for (auto& grant : *grants) {
      const auto owner = ownerOf(grant.profile);
      if (owner.purpose == Purpose::User || concerns(owner.kind)) ended.push_back(std::move(grant));
    }
    return drop(ended, event, requestId);
  }
  const auto row = find(provider, event);
  if (!row) return row.error();
  if (!*row) return {};
  for (const auto& kind : (*row)->kinds) {
    if (!concerns(kind)) continue;
    auto grant = parts_.storage.findGrant(provider, installationOwner((*row)->consentId, kind));
    if (!grant) return storageFailure(std::move(grant).error());
    if (*grant) ended.push_back(std::move(**grant));
  }
  return drop(ended, event, requestId);
}

Result<void> ProviderEvents::consentEnded(const std::string& provider, const ProviderEvent& event,
                                          const std::string& requestId) {
  auto grants = parts_.storage.listGrantsOfSubject(provider, event.subject);
  if (!grants) return storageFailure(std::move(grants).error());
  return drop(*grants, event, requestId);
}

Result<void> ProviderEvents::drop(const std::vector<Grant>& grants, const ProviderEvent& event,
                                  const std::string& requestId) {
  std::set<std::pair<std::string, std::string>> consents;
  for (const auto& grant : grants) {
    std::optional<Grant> row = grant;
    bool deleted = false;
    for (int looks = 0; row && !deleted; ++looks) {
      if (event.at && isLater(row->consentedAt, *event.at)) break;
      if (looks == kLooks) return overloaded();
      const auto done = parts_.storage.deleteGrant(row->id, row->version);
      deleted = done.ok();
      if (done) continue;
      if (done.error().kind == ErrorKind::NotFound) break;
      if (done.error().kind != ErrorKind::Conflict) return storageFailure(done.error());
      auto again = parts_.storage.findGrantById(row->id);
      if (!again) return storageFailure(std::move(again).error());
      row = std::move(*again);
    }
    if (deleted) record(grant.provider, grant.profile, "grant_ended_at_provider", requestId);
    const auto owner = ownerOf(grant.profile);
    if (owner.purpose == Purpose::Installation) consents.emplace(grant.provider, owner.consentId);
  }
  for (const auto& [provider, consentId] : consents) {
    if (auto ended = endWithoutTokens(provider, consentId, requestId); !ended) return ended;
  }
  return {};
}

Result<void> ProviderEvents::endWithoutTokens(const std::string& provider, const std::string& consentId,
                                              const std::string& requestId) {
  InstallationFilter filter;
  filter.provider = provider;
  filter.consentId = consentId;
  filter.living = true;
  const auto rows = parts_.storage.listInstallations(filter);
  if (!rows) return storageFailure(rows.error());
  for (const auto& row : *rows) {
    for (const auto& kind : row.kinds) {
      const auto grant = parts_.storage.findGrant(provider, installationOwner(consentId, kind));
      if (!grant) return storageFailure(grant.error());
      if (*grant) return {};
    }
    if (auto ended = parts_.ender.endedAtProvider(row, "installation_tokens_revoked", requestId); !ended)
      return ended;
  }
  return {};
}

void ProviderEvents::record(const std::string& provider, const std::string& profile, const char* event,
                            const std::string& requestId) {
  recordAudit(parts_.storage, parts_.log,
              {.at = parts_.clock.now(),
               .event = event,
               .requestId = requestId,
               .keyId = {},
               .provider = provider,
               .profile = profile,
               .outcome = "ok",
               .note = "The provider said so."});
}

}  // namespace agw
