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
  [[nodiscard]] CallbackOutcome failed(Error error) const {
    CallbackOutcome told = outcome();
    told.status = FlowStatus::Failed;
    told.error = std::move(error);
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
  const auto& requestId = callback.parameters.requestId;
  Provider& provider = *callback.provider;
  const auto consent =
      finisher_.accept(flow, provider, *answer, receipt, nonceOf(*callback.parameters.state), requestId);
  if (!consent) return callback.failed(consent.error());
  const auto policy = effectiveIdentity(provider);
  if (policy == IdentityPolicy::Confirm) return awaitConfirmation(callback, *consent);
  const auto concluded = finisher_.conclude(flow, *consent, policy, requestId);
  return concluded ? callback.outcome() : callback.failed(concluded.error());
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
    const auto now = finisher_.readAgain(flow);
    const bool stored = now && now->status == flow.status && now->confirmationHash == flow.confirmationHash;
    // Should it be stored all the same, nobody knows its code: it ends by its time.
    if (!stored) return refuse(callback, consent, notStored());
  }
  auto outcome = callback.outcome();
  outcome.confirmationCode = std::move(code);
  return outcome;
}

CallbackOutcome ConsentService::fail(Callback& callback, Error error) {
  finisher_.fail(callback.flow, FlowStatus::Exchanging, error, callback.parameters.requestId);
  return callback.failed(std::move(error));
}

CallbackOutcome ConsentService::refuse(Callback& callback, const PendingConsent& consent, Error error) {
  finisher_.refuse(callback.flow, consent, error, callback.parameters.requestId);
  return callback.failed(std::move(error));
}

}  // namespace agw
