#include "broker/consent.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "broker/audit_trail.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr std::chrono::hours kKeepFinished{24};
constexpr int kBatch = 100;
/// Whoever else works on the flow is done by then.
constexpr std::chrono::seconds kSettleAfter{15};

Error invalid(const char* code, std::string message, const char* field) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = std::move(message),
          .code = code,
          .facts = {{"field", {field}}}};
}

// scope-token of RFC 6749 section 3.3.
bool isScope(const std::string& text) {
  constexpr std::size_t kLongest = 512;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

std::optional<Error> checkRequest(const ConsentRequest& request) {
  if (canonicalEmail(request.profile) != request.profile) {
    return invalid("invalid_email", "This is not an e-mail address.", "user_email");
  }
  if (!std::all_of(request.scopes.begin(), request.scopes.end(), isScope)) {
    return invalid("invalid_scope", "A scope is a word of printable ASCII characters without quotes.",
                   "scopes");
  }
  return std::nullopt;
}

LinkQuestion questionOf(const ConsentRequest& request, const Caller& caller) {
  return {.keyId = caller.keyId,
          .provider = request.provider,
          .owner = request.profile,
          .scopes = request.scopes,
          .redirectAfter = request.redirectAfter};
}

// Without an identity to compare, `match` would refuse everybody, but only after they consented.
bool canCheckIdentity(const Provider& provider) {
  return effectiveIdentity(provider) != IdentityPolicy::Match || provider.capabilities().identity;
}

}  // namespace

ConsentService::ConsentService(Parts parts)
    : parts_(std::move(parts)), writer_(parts_.storage, parts_.vault, parts_.clock, parts_.random) {}

Result<ConsentLink> ConsentService::begin(const ConsentRequest& request, const Caller& caller) {
  if (auto error = checkRequest(request)) return *error;
  const auto found = parts_.providers.find(request.provider);
  if (!found) return found.error();
  Provider& provider = **found;
  if (!canCheckIdentity(provider)) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = provider.displayName() +
                            " does not tell who consented. An administrator must set "
                            "identity: confirm for this provider entry.",
                 .code = word::kMisconfigured};
  }
  auto state = newToken(parts_.random);
  if (!state) return std::move(state).error();
  auto verifier = newToken(parts_.random);
  if (!verifier) return std::move(verifier).error();
  auto id = newUuid(parts_.random);
  if (!id) return std::move(id).error();

  const auto now = parts_.clock.now();
  Flow flow;
  flow.id = std::move(*id);
  flow.provider = request.provider;
  flow.profile = request.profile;
  flow.stateHash = sha256Hex(*state);
  flow.redirectUri = provider.config().redirectUri;
  flow.redirectAfter = request.redirectAfter;
  flow.scopes = request.scopes.empty() ? provider.config().scopes : request.scopes;
  flow.configFingerprint = provider.config().fingerprint;
  flow.startedBy = caller.keyId;
  flow.createdAt = now;
  flow.expiresAt = now + parts_.settings.flowLife;

  AuthorizationRequest authorization{.state = *state,
                                     .nonce = nonceOf(*state),
                                     .codeChallenge = {},
                                     .scopes = flow.scopes,
                                     .loginHint = request.profile};
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
  record(flow, "flow_started", "ok", request.requestId, caller.keyId);
  links_.keep(questionOf(request, caller), {Secret(*url), flow.id, flow.expiresAt}, now);
  return ConsentLink{.authUrl = std::move(*url), .sessionId = flow.id, .expiresAt = flow.expiresAt};
}

std::optional<ConsentLink> ConsentService::openLink(const ConsentRequest& request, const Caller& caller) {
  const auto link =
      links_.find(questionOf(request, caller), parts_.clock.now(), parts_.settings.flowLife / 2);
  if (!link) return std::nullopt;
  const auto provider = parts_.providers.find(request.provider);
  const auto flow = parts_.storage.findFlow(link->sessionId);
  if (!provider || !flow || !*flow || (*flow)->status != FlowStatus::Pending) return std::nullopt;
  if ((*flow)->configFingerprint != (*provider)->config().fingerprint) return std::nullopt;
  return ConsentLink{.authUrl = std::string(link->authUrl.reveal()),
                     .sessionId = link->sessionId,
                     .expiresAt = link->expiresAt};
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
  settleUndecided();
  const auto expired = parts_.storage.expireFlows(parts_.clock.now(), kSessionExpired, kKeepFinished, kBatch);
  if (!expired) return storageFailure(expired.error());
  for (const auto& flow : *expired) {
    const auto consent = openPending(parts_.vault, flow);
    if (consent) {
      discard(flow, *consent);
    } else {
      parts_.log.write(LogLevel::Error, "integrity_error", {{"flow", flow.id}, {"provider", flow.provider}});
    }
  }
  return {};
}

Result<void> ConsentService::conclude(Flow& flow, const PendingConsent& consent, IdentityPolicy policy,
                                      const std::string& requestId) {
  const auto since = parts_.clock.now();
  switch (writer_.store(flow, consent, policy)) {
    case GrantWriter::Outcome::Stored:
      record(flow, "consent_completed", "ok", requestId);
      if (!endFlow(flow, FlowStatus::Exchanging, FlowStatus::Completed, {}))
        keepUndecided({flow, consent, since});
      return {};
    case GrantWriter::Outcome::OtherSubject:
      discard(flow, consent);
      endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kMismatch);
      record(flow, "flow_identity_mismatch", word::kMismatch, requestId);
      return otherAccount();
    case GrantWriter::Outcome::NotStored:
      discard(flow, consent);
      endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kUnavailable);
      return notStored();
    case GrantWriter::Outcome::Unknown:
      break;
  }
  keepUndecided({flow, consent, since});
  return notSureStored();
}

bool ConsentService::endFlow(Flow& flow, FlowStatus from, FlowStatus to, const std::string& error) {
  flow.status = to;
  flow.error = error;
  const auto ended = parts_.storage.advanceFlow(flow, from);
  if (ended) return true;
  parts_.log.write(LogLevel::Warning, "flow_end_not_stored",
                   {{"flow", flow.id}, {"kind", toString(ended.error().kind)}, {"error", error}});
  return ended.error().kind != ErrorKind::Transient;
}

void ConsentService::discard(const Flow& flow, const PendingConsent& consent) {
  std::string subject = consent.subject;
  if (subject.empty()) {
    // Whoever it was, it may be the account whose grant is there.
    const auto existing = parts_.storage.findGrant(flow.provider, flow.profile);
    if (existing && *existing) subject = (*existing)->subject;
  }
  parts_.revoke.discard(flow.provider, flow.profile, subject,
                        {consent.tokens.access, consent.tokens.refresh, consent.tokens.carry});
}

void ConsentService::record(const Flow& flow, const char* event, const std::string& outcome,
                            const std::string& requestId, const std::string& keyId) {
  recordAudit(parts_.storage, parts_.log,
              {.at = parts_.clock.now(),
               .event = event,
               .requestId = requestId,
               .keyId = keyId,
               .provider = flow.provider,
               .profile = flow.profile,
               .outcome = outcome,
               .note = "session " + flow.id + (flow.account.empty() ? "" : ", account " + flow.account)});
}

void ConsentService::keepUndecided(Undecided undecided) {
  parts_.log.write(LogLevel::Error, "consent_undecided",
                   {{"flow", undecided.flow.id}, {"provider", undecided.flow.provider}});
  const std::lock_guard lock(mutex_);
  undecided_.push_back(std::move(undecided));
}

void ConsentService::settleUndecided() {
  std::vector<Undecided> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(undecided_);
  }
  for (auto& undecided : open) {
    if (settle(undecided)) continue;
    const std::lock_guard lock(mutex_);
    undecided_.push_back(std::move(undecided));
  }
}

bool ConsentService::settle(Undecided& undecided) {
  auto& [flow, consent, since] = undecided;
  if (parts_.clock.now() < since + kSettleAfter) return false;
  const auto now = readAgain(flow);
  if (!now) return false;
  if (now->status == FlowStatus::AwaitingConfirmation) return true;  // it was never taken from there
  const auto held = writer_.holds(flow, consent, since);
  if (!held) return false;
  if (*held) return endFlow(flow, FlowStatus::Exchanging, FlowStatus::Completed, {});
  discard(flow, consent);
  endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kUnavailable);
  return true;
}

std::optional<Flow> ConsentService::readAgain(const Flow& flow) {
  auto found = parts_.storage.findFlow(flow.id);
  if (!found) return std::nullopt;
  return *found ? std::move(**found) : flow;
}

}  // namespace agw
