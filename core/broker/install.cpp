#include "broker/install.hpp"

#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr std::chrono::minutes kLife{10};
/// So long a late or repeated callback is told apart from an unknown one.
constexpr std::chrono::hours kKeepOver{1};
constexpr int kBatch = 500;

Error offersNone(const Provider& provider) {
  return {.kind = ErrorKind::Unsupported,
          .message = provider.displayName() + " has no installations of organisations.",
          .code = "invalid_request"};
}

bool fitsState(const std::string& text) {
  constexpr std::size_t kStateLength = 43;
  return text.size() == kStateLength;
}

}  // namespace

InstallService::InstallService(Parts parts)
    : parts_(parts),
      writer_({parts.storage, parts.vault, parts.clock, parts.random, parts.log, parts.revoke}) {}

Result<InstallFlow> InstallService::newFlow(const InstallRequest& request, InstallStep step,
                                            const std::string& secret) {
  const auto found = parts_.providers.find(request.provider);
  if (!found) return found.error();
  const Provider& provider = **found;
  if (!provider.capabilities().installations) return offersNone(provider);
  auto id = newUuid(parts_.random);
  if (!id) return std::move(id).error();
  InstallFlow flow;
  flow.id = std::move(*id);
  flow.provider = request.provider;
  flow.step = step;
  flow.stateHash = sha256Hex(secret);
  flow.redirectUri = provider.config().installRedirectUri;
  flow.redirectAfter = request.redirectAfter;
  flow.orgId = request.orgId;
  flow.configFingerprint = provider.config().fingerprint;
  flow.startedBy = request.startedBy;
  if (!request.browser.empty()) flow.browserHash = sha256Hex(request.browser);
  flow.createdAt = parts_.clock.now();
  flow.expiresAt = flow.createdAt + kLife;
  return flow;
}

Result<InstallTicket> InstallService::makeTicket(const InstallRequest& request) {
  auto ticket = newToken(parts_.random);
  if (!ticket) return std::move(ticket).error();
  const auto flow = newFlow(request, InstallStep::Ticket, *ticket);
  if (!flow) return flow.error();
  if (auto created = parts_.storage.createInstallFlow(*flow); !created)
    return storageFailure(created.error());
  record(*flow, "install_ticket_made", request.orgId, "ok", {}, request.requestId);
  return InstallTicket{.ticket = std::move(*ticket), .expiresAt = flow->expiresAt};
}

Result<InstallLink> InstallService::begin(const InstallRequest& request) {
  auto state = newToken(parts_.random);
  if (!state) return std::move(state).error();
  auto verifier = newToken(parts_.random);
  if (!verifier) return std::move(verifier).error();
  auto flow = newFlow(request, InstallStep::Redirect, *state);
  if (!flow) return std::move(flow).error();
  const auto found = parts_.providers.find(request.provider);
  if (!found) return found.error();
  Provider& provider = **found;

  AuthorizationRequest authorization{.state = *state,
                                     .nonce = {},
                                     .codeChallenge = {},
                                     .scopes = provider.config().scopes,
                                     .loginHint = {},
                                     .purpose = Purpose::Installation,
                                     .orgId = request.orgId};
  const Secret codeVerifier(std::move(*verifier));
  if (provider.capabilities().pkce != Capabilities::Pkce::None) {
    authorization.codeChallenge = codeChallengeS256(codeVerifier.reveal());
    auto sealed = parts_.vault.seal(placeOf(*flow, column::kCodeVerifier), codeVerifier);
    if (!sealed) return storageFailure(std::move(sealed).error());
    flow->codeVerifier = std::move(*sealed);
  }
  auto url = provider.authorizationUrl(authorization);
  if (!url) return providerFailure(url.error(), provider.displayName());
  if (auto created = parts_.storage.createInstallFlow(*flow); !created)
    return storageFailure(created.error());
  record(*flow, "install_started", request.orgId, "ok", {}, request.requestId);
  return InstallLink{.url = std::move(*url), .expiresAt = flow->expiresAt};
}

Result<InstallLink> InstallService::beginByTicket(const std::string& ticket, const InstallRequest& request) {
  if (!fitsState(ticket)) return unusableLink();
  auto consumed = parts_.storage.consumeInstallState(InstallStep::Ticket, sha256Hex(ticket));
  if (!consumed) {
    switch (consumed.error().kind) {
      case ErrorKind::NotFound:
        return unusableLink();
      case ErrorKind::Conflict:
        return usedLink();
      default:
        return storageFailure(consumed.error());
    }
  }
  if (consumed->expiresAt <= parts_.clock.now()) return expiredLink();
  if (consumed->provider != request.provider) return unusableLink();
  return begin({.provider = consumed->provider,
                .orgId = consumed->orgId,
                .redirectAfter = consumed->redirectAfter,
                .startedBy = consumed->startedBy,
                .browser = request.browser,
                .requestId = request.requestId});
}

Result<void> InstallService::expire() {
  writer_.settle();
  const auto deleted = parts_.storage.deleteInstallFlows(parts_.clock.now() - kKeepOver, kBatch);
  if (!deleted) return storageFailure(deleted.error());
  return {};
}

void InstallService::record(const InstallFlow& flow, const char* event, const std::string& orgId,
                            const std::string& outcome, const std::string& note,
                            const std::string& requestId) {
  recordAudit(parts_.storage, parts_.log,
              {.at = parts_.clock.now(),
               .event = event,
               .requestId = requestId,
               .keyId = flow.startedBy == kPublicInstall ? std::string() : flow.startedBy,
               .provider = flow.provider,
               .profile = orgId.empty() ? std::string() : organisationOwner(orgId),
               .outcome = outcome,
               .note = "install " + flow.id + (note.empty() ? "" : ": " + note)});
}

}  // namespace agw
