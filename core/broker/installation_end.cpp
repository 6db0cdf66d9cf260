#include "broker/installation_end.hpp"

#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"

namespace agw {
namespace {

/// How often it looks again because somebody else changed the rows under it.
constexpr int kLooks = 8;

Error over() {
  return {.kind = ErrorKind::Conflict, .message = "This installation is over already.", .code = "conflict"};
}

}  // namespace

struct InstallationEnder::Ended {
  bool here = false;  ///< by this call; else somebody else did
  bool tokensToo = false;
  InstallationEnd plan;
};

InstallationEnder::InstallationEnder(Parts parts) : parts_(parts) {}

Result<InstallationEnd> InstallationEnder::plan(const Installation& row, Told told,
                                                const std::string& requestId) {
  InstallationEnd end{
      .id = row.id, .seen = row.version, .at = parts_.clock.now(), .grants = {}, .uninstalled = {}};
  for (const auto& kind : row.kinds) {
    const auto grant = parts_.storage.findGrant(row.provider, installationOwner(row.consentId, kind));
    if (!grant) return grant.error();
    if (!*grant) continue;
    InstallationEnd::EndedGrant ended{.id = (*grant)->id, .seen = (*grant)->version, .revocation = {}};
    if (told == Told::Provider) {
      auto revocation = parts_.revoke.prepare(**grant, requestId);
      if (!revocation) return std::move(revocation).error();
      ended.revocation = std::move(*revocation);
    }
    end.grants.push_back(std::move(ended));
  }
  if (told == Told::Provider && row.minted()) {
    auto uninstalled = parts_.revoke.prepareUninstall(row);
    if (!uninstalled) return std::move(uninstalled).error();
    end.uninstalled = std::move(*uninstalled);
  }
  return end;
}

Result<InstallationEnder::Ended> InstallationEnder::end(const Installation& seen, Told told,
                                                        const std::string& requestId) {
  std::optional<InstallationEnd> unsure;  // its answer was lost
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto row = parts_.storage.findInstallation(seen.id);
    if (!row) return storageFailure(row.error());
    if (!*row || (*row)->revokedAt) {
      const bool ours =
          *row && unsure && (*row)->version == unsure->seen + 1 && (*row)->revokedAt == unsure->at;
      return Ended{.here = ours, .tokensToo = false, .plan = {}};
    }
    if (told == Told::Nobody && (*row)->consentId != seen.consentId) return Ended{};
    auto planned = plan(**row, told, requestId);
    if (!planned) return storageFailure(std::move(planned).error());
    const auto ended = parts_.storage.endInstallation(*planned);
    if (ended) return Ended{.here = true, .tokensToo = *ended, .plan = std::move(*planned)};
    if (ended.error().kind == ErrorKind::Conflict) continue;
    if (ended.error().kind != ErrorKind::Transient || unsure) return storageFailure(ended.error());
    unsure = std::move(*planned);
  }
  return overloaded();
}

RevokeOutcome InstallationEnder::tell(const Ended& ended) {
  RevokeOutcome outcome{.atProvider = true, .note = {}};
  bool asked = false;
  const auto ask = [&](const PendingRevocation& pending) {
    const auto told = parts_.revoke.tell(pending);
    asked = true;
    outcome.atProvider = outcome.atProvider && told.atProvider;
    if (outcome.note.empty()) outcome.note = told.note;
  };
  if (ended.plan.uninstalled) ask(*ended.plan.uninstalled);
  if (ended.tokensToo) {
    for (const auto& grant : ended.plan.grants) {
      if (grant.revocation) ask(*grant.revocation);
    }
  } else if (!ended.plan.grants.empty()) {
    return {false, "Other organisations of the same consent use its tokens, so the provider was not told."};
  }
  if (!asked) return {false, "The provider is told in the background."};
  return outcome;
}

Result<RevokeOutcome> InstallationEnder::uninstall(const Installation& row, const std::string& keyId,
                                                   const std::string& requestId) {
  const auto ended = end(row, Told::Provider, requestId);
  if (!ended) return ended.error();
  if (!ended->here) return over();
  auto outcome = tell(*ended);
  record(row, "installation_revoked", outcome.note, keyId, requestId);
  return outcome;
}

Result<void> InstallationEnder::endedAtProvider(const Installation& row, const char* event,
                                                const std::string& requestId) {
  const auto ended = end(row, Told::Nobody, requestId);
  if (!ended) return ended.error();
  if (ended->here) record(row, event, {}, {}, requestId);
  return {};
}

void InstallationEnder::record(const Installation& row, const char* event, const std::string& note,
                               const std::string& keyId, const std::string& requestId) {
  recordAudit(parts_.storage, parts_.log,
              {.at = parts_.clock.now(),
               .event = event,
               .requestId = requestId,
               .keyId = keyId,
               .provider = row.provider,
               .profile = organisationOwner(row.orgId),
               .outcome = "ok",
               .note = "installation " + row.id + (note.empty() ? "" : ": " + note)});
}

}  // namespace agw
