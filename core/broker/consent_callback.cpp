#include <algorithm>
#include <memory>
#include <utility>

#include "broker/consent.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {

struct ConsentService::Callback {
  const CallbackParameters& parameters;
  Flow flow;
  std::shared_ptr<Provider> provider{};

  [[nodiscard]] CallbackOutcome outcome() const {
    CallbackOutcome told;
    told.status = flow.status;
    told.sessionId = flow.id;
    told.provider = provider ? provider->displayName() : flow.provider;
    told.profile = maskedEmail(flow.profile);
    told.account = flow.account;
    told.redirectAfter = flow.redirectAfter;
    return told;
  }
};

namespace {

// 32 letters and digits that cannot be taken for one another: 5 bits each.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
constexpr std::size_t kCodeLength = 8;

CallbackOutcome noFlow(Error error) {
  CallbackOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

std::string maskedAccount(const Identity& identity) {
  if (!identity.email.empty()) return maskedEmail(identity.email);
  return identity.subject.empty() ? std::string() : identity.subject.substr(0, 2) + "***";
}

bool isAskedFor(const Identity& identity, const std::string& profile) {
  return identity.emailVerified && canonicalEmail(identity.email) == profile;
}

}  // namespace

CallbackOutcome ConsentService::finish(const CallbackParameters& parameters) {
  constexpr std::size_t kStateLength = 43;
  if (!parameters.state || parameters.state->size() != kStateLength) return noFlow(unusableLink());
  auto consumed = parts_.storage.consumeState(sha256Hex(*parameters.state));
  if (!consumed) {
    switch (consumed.error().kind) {
      case ErrorKind::NotFound:
        return noFlow(unusableLink());
      case ErrorKind::Conflict:
        return noFlow(usedLink());
      default:
        return noFlow(storageFailure(consumed.error()));
    }
  }
  Callback callback{.parameters = parameters, .flow = std::move(*consumed)};
  if (auto error = checkFlow(callback)) return fail(callback, std::move(*error));
  if (auto error = checkAnswer(callback)) return fail(callback, std::move(*error));
  return exchange(callback);
}

// Whether the flow may go on here and now.
std::optional<Error> ConsentService::checkFlow(Callback& callback) const {
  const Flow& flow = callback.flow;
  if (flow.expiresAt <= parts_.clock.now()) return expiredLink();
  const auto& path = callback.parameters.provider;
  if (path && *path != flow.provider) return unusableLink();
  auto found = parts_.providers.find(flow.provider);
  if (!found) return found.error();
  callback.provider = std::move(*found);
  const auto& config = callback.provider->config();
  if (config.fingerprint != flow.configFingerprint || config.redirectUri != flow.redirectUri)
    return changedProvider();
  return std::nullopt;
}

// What the provider says through the browser. The issuer comes first: an answer of a stranger says nothing.
std::optional<Error> ConsentService::checkAnswer(const Callback& callback) const {
  const auto& parameters = callback.parameters;
  const auto issuers = callback.provider->issuers();
  if (parameters.issuer) {
    const bool known = std::find(issuers.begin(), issuers.end(), *parameters.issuer) != issuers.end();
    // A provider entry that names no issuer has nothing to compare with (RFC 9207 section 2.4 leaves that to
    // us).
    if (!issuers.empty() && !known) return unexpectedIssuer();
  } else if (callback.provider->issuerRequired()) {
    return unexpectedIssuer();
  }
  if (parameters.error) return refusedByProvider(*parameters.error, callback.provider->displayName());
  if (!parameters.code || parameters.code->empty()) return unusableLink();
  return std::nullopt;
}

CallbackOutcome ConsentService::exchange(Callback& callback) {
  Flow& flow = callback.flow;
  CodeExchange request{.code = Secret(*callback.parameters.code), .codeVerifier = {}, .scopes = flow.scopes};
  if (!flow.codeVerifier.empty()) {
    auto verifier = parts_.vault.open(placeOf(flow, column::kCodeVerifier), flow.codeVerifier);
    if (!verifier) return fail(callback, storageFailure(std::move(verifier).error()));
    request.codeVerifier = std::move(*verifier);
  }
  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  const auto answer = callback.provider->exchange(request);
  receipt.received = parts_.clock.now();
  if (!answer) return fail(callback, exchangeFailure(answer.error(), callback.provider->displayName()));
  PendingConsent consent;
  consent.tokens = tokensFrom(*answer, receipt, flow.scopes, callback.provider->accessTtlDefault());
  if (answer->accessToken.empty()) {
    const Error nothing{.kind = ErrorKind::Malformed, .message = "No access token in the answer."};
    return refuse(callback, consent, providerFailure(nothing, callback.provider->displayName()));
  }
  return decide(callback, *answer, std::move(consent));
}

CallbackOutcome ConsentService::decide(Callback& callback, const TokenSet& answer, PendingConsent consent) {
  if (auto error = identify(callback, answer, consent)) return refuse(callback, consent, std::move(*error));
  const auto policy = effectiveIdentity(*callback.provider);
  if (policy == IdentityPolicy::Confirm) return awaitConfirmation(callback, consent);
  const auto concluded = conclude(callback.flow, consent, policy, callback.parameters.requestId);
  auto outcome = callback.outcome();
  outcome.status = concluded ? FlowStatus::Completed : FlowStatus::Failed;
  if (!concluded) outcome.error = concluded.error();
  return outcome;
}

// Who consented, and whether that is who was asked for.
std::optional<Error> ConsentService::identify(Callback& callback, const TokenSet& answer,
                                              PendingConsent& consent) {
  const auto policy = effectiveIdentity(*callback.provider);
  if (policy == IdentityPolicy::None) return std::nullopt;
  if (policy == IdentityPolicy::Confirm && !callback.provider->capabilities().identity) return std::nullopt;
  const auto identity = callback.provider->identify(answer, nonceOf(*callback.parameters.state));
  if (!identity) return providerFailure(identity.error(), callback.provider->displayName());
  consent.issuer = identity->issuer;
  consent.subject = identity->subject;
  callback.flow.account = maskedAccount(*identity);
  if (identity->subject.empty()) {
    const Error nobody{.kind = ErrorKind::Malformed, .message = "No subject in the identity."};
    return providerFailure(nobody, callback.provider->displayName());
  }
  if (policy == IdentityPolicy::Match && !isAskedFor(*identity, callback.flow.profile)) return otherAccount();
  const auto existing = parts_.storage.findGrant(callback.flow.provider, callback.flow.profile);
  if (!existing) return storageFailure(existing.error());
  if (*existing && isAnothersGrant(**existing, consent)) return otherAccount();
  return std::nullopt;
}

CallbackOutcome ConsentService::awaitConfirmation(Callback& callback, const PendingConsent& consent) {
  Flow& flow = callback.flow;
  const auto octets = parts_.random.bytes(kCodeLength);
  if (!octets) return refuse(callback, consent, storageFailure(octets.error()));
  std::string code;
  for (const char octet : *octets)
    code += kCodeLetters[static_cast<unsigned char>(octet) % kCodeLetters.size()];
  auto sealed = sealPending(parts_.vault, flow, consent);
  if (!sealed) return refuse(callback, consent, storageFailure(std::move(sealed).error()));
  flow.pendingTokens = std::move(*sealed);
  flow.confirmationHash = confirmationHash(flow.id, code);
  flow.status = FlowStatus::AwaitingConfirmation;
  if (!parts_.storage.advanceFlow(flow, FlowStatus::Exchanging)) {
    const auto now = readAgain(flow);
    const bool stored = now && now->status == flow.status && now->confirmationHash == flow.confirmationHash;
    // Should it be stored all the same, nobody knows its code: it ends by its time.
    if (!stored) return refuse(callback, consent, notStored());
  }
  auto outcome = callback.outcome();
  outcome.confirmationCode = std::move(code);
  return outcome;
}

CallbackOutcome ConsentService::fail(Callback& callback, Error error) {
  parts_.log.write(LogLevel::Warning, "consent_failed",
                   {{"flow", callback.flow.id},
                    {"provider", callback.flow.provider},
                    {"error", error.code},
                    {"detail", error.detail},
                    {"request", callback.parameters.requestId}});
  endFlow(callback.flow, FlowStatus::Exchanging, FlowStatus::Failed, error.code);
  auto outcome = callback.outcome();
  outcome.status = FlowStatus::Failed;
  outcome.error = std::move(error);
  return outcome;
}

CallbackOutcome ConsentService::refuse(Callback& callback, const PendingConsent& consent, Error error) {
  discard(callback.flow, consent);
  if (error.code == word::kMismatch) {
    record(callback.flow, "flow_identity_mismatch", word::kMismatch, callback.parameters.requestId);
  }
  return fail(callback, std::move(error));
}

}  // namespace agw
