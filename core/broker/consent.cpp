#include "broker/consent.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr std::chrono::hours kKeepFinished{24};
/// A round: more than the links that callers are allowed to make meanwhile.
constexpr int kBatch = 5'000;

LinkQuestion questionOf(const ConsentRequest& request, const Caller& caller, std::string challenge) {
  return {.keyId = caller.keyId,
          .provider = request.provider,
          .owner = request.profile,
          .scopes = request.scopes,
          .redirectAfter = request.redirectAfter,
          .challenge = std::move(challenge)};
}

}  // namespace

ConsentService::ConsentService(Parts parts)
    : parts_(std::move(parts)),
      finisher_({parts_.storage, parts_.vault, parts_.clock, parts_.random, parts_.log, parts_.revoke}) {}

Result<ConsentLink> ConsentService::begin(const ConsentRequest& request, const Caller& caller) {
  if (auto error = faultOf(request)) return *error;
  const auto found = parts_.providers.find(request.provider);
  if (!found) return found.error();
  Provider& provider = **found;
  if (auto error = uncheckableIdentity(provider)) return *error;
  auto state = newToken(parts_.random);
  if (!state) return std::move(state).error();
  auto verifier = newToken(parts_.random);
  if (!verifier) return std::move(verifier).error();
  const auto now = parts_.clock.now();
  auto made = newFlow(request, provider, caller, parts_.random, now);
  if (!made) return std::move(made).error();
  Flow flow = std::move(*made);
  flow.stateHash = sha256Hex(*state);
  flow.redirectUri = provider.config().redirectUri;
  flow.expiresAt = now + parts_.settings.flowLife;

  const auto challenge = challengeOf(request);
  AuthorizationRequest authorization{.state = *state,
                                     .nonce = nonceOf(*state),
                                     .codeChallenge = {},
                                     .scopes = flow.scopes,
                                     .loginHint = request.profile,
                                     .challenge = challenge};
  const Secret codeVerifier(std::move(*verifier));
  if (provider.capabilities().pkce != Capabilities::Pkce::None) {
    authorization.codeChallenge = codeChallengeS256(codeVerifier.reveal());
    auto sealed = parts_.vault.seal(placeOf(flow, column::kCodeVerifier), codeVerifier);
    if (!sealed) return storageFailure(std::move(sealed).error());
    flow.codeVerifier = std::move(*sealed);
  }
  auto url = provider.authorizationUrl(authorization);
  if (!url) return providerFailure(url.error(), provider.displayName());
  if (auto created = parts_.storage.createFlow(flow); !created) return storageFailure(created.error());
  finisher_.record(flow, "flow_started", "ok", request.requestId, caller.keyId);
  links_.keep(questionOf(request, caller, challenge), {Secret(*url), flow.id, flow.expiresAt}, now);
  return ConsentLink{.authUrl = std::move(*url), .sessionId = flow.id, .expiresAt = flow.expiresAt};
}

std::optional<ConsentLink> ConsentService::openLink(const ConsentRequest& request, const Caller& caller) {
  const auto link = links_.find(questionOf(request, caller, challengeOf(request)), parts_.clock.now(),
                                parts_.settings.flowLife / 2);
  if (!link) return std::nullopt;
  const auto provider = parts_.providers.find(request.provider);
  const auto flow = parts_.storage.findFlow(link->sessionId);
  if (!provider || !flow || !*flow || (*flow)->status != FlowStatus::Pending) return std::nullopt;
  if ((*flow)->configFingerprint != (*provider)->config().fingerprint) return std::nullopt;
  return ConsentLink{.authUrl = std::string(link->authUrl.reveal()),
                     .sessionId = link->sessionId,
                     .expiresAt = link->expiresAt};
}

// What the grant that is there died of, where a new consent has to answer that. A store that cannot tell is
// no reason to make no link.
std::string ConsentService::challengeOf(const ConsentRequest& request) const {
  const auto grant = parts_.storage.findGrant(request.provider, request.profile);
  const bool dead = grant && *grant && (*grant)->status == GrantStatus::NeedsConsent;
  return dead ? (*grant)->challenge : std::string();
}

std::string ConsentService::nonceOf(const std::string& state) {
  return base64UrlEncode(sha256("nonce:" + state));
}

std::string ConsentService::confirmationHash(const std::string& sessionId, const std::string& code) {
  return sha256Hex(sessionId + ":" + code);
}

Result<Flow> ConsentService::status(const std::string& sessionId) {
  const Error unknown{
      .kind = ErrorKind::NotFound, .message = "There is no such session.", .code = "not_found"};
  if (!isUuid(sessionId)) return unknown;
  auto found = parts_.storage.findFlow(sessionId);
  if (!found) return storageFailure(found.error());
  if (!*found) return unknown;
  Flow flow = std::move(**found);
  const bool finished = flow.status == FlowStatus::Completed || flow.status == FlowStatus::Failed;
  if (!finished && flow.expiresAt <= parts_.clock.now()) {
    flow.status = FlowStatus::Failed;
    flow.error = kSessionExpired;
  }
  return flow;
}

Result<void> ConsentService::expire() {
  finisher_.settle();
  const auto expired = parts_.storage.expireFlows(parts_.clock.now(), kSessionExpired, kKeepFinished, kBatch);
  if (!expired) return storageFailure(expired.error());
  for (const auto& flow : *expired) {
    const auto consent = openPending(parts_.vault, flow);
    if (consent) {
      finisher_.queueDiscarded(flow, *consent);
    } else {
      parts_.log.write(LogLevel::Error, "integrity_error", {{"flow", flow.id}, {"provider", flow.provider}});
    }
  }
  return {};
}

}  // namespace agw
