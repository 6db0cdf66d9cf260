#include "broker/consent_finisher.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "broker/audit_trail.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"

namespace agw {
namespace {

/// Whoever else works on the flow is done by then.
constexpr std::chrono::seconds kSettleAfter{15};

std::string maskedAccount(const Identity& identity) {
  if (!identity.email.empty()) return maskedEmail(identity.email);
  return identity.subject.empty() ? std::string() : std::string(wholeLetters(identity.subject, 2)) + "***";
}

RevokeRequest pairOf(const PendingConsent& consent) {
  return {consent.tokens.access, consent.tokens.refresh, consent.tokens.carry};
}

bool isAskedFor(const Identity& identity, const std::string& profile) {
  return identity.emailVerified && canonicalEmail(identity.email) == profile;
}

}  // namespace

ConsentFinisher::ConsentFinisher(Parts parts)
    : parts_(parts), writer_(parts_.storage, parts_.vault, parts_.clock, parts_.random) {}

Result<PendingConsent> ConsentFinisher::accept(Flow& flow, Provider& provider, const TokenSet& answer,
                                               const Receipt& receipt, const std::string& nonce,
                                               const std::string& requestId) {
  PendingConsent consent;
  consent.tokens = tokensFrom(answer, receipt, flow.scopes, provider.accessTtlDefault());
  auto error = identify(flow, provider, answer, nonce, consent);
  if (!error) return consent;
  refuse(flow, consent, *error, requestId);
  return std::move(*error);
}

// Who consented, and whether that is who was asked for.
std::optional<Error> ConsentFinisher::identify(Flow& flow, Provider& provider, const TokenSet& answer,
                                               const std::string& nonce, PendingConsent& consent) {
  const auto useless = [&](const char* why) {
    return providerFailure({.kind = ErrorKind::Malformed, .message = why}, provider.displayName());
  };
  if (answer.accessToken.empty()) return useless("No access token in the answer.");
  const auto policy = effectiveIdentity(provider);
  if (policy == IdentityPolicy::None) return std::nullopt;
  if (policy == IdentityPolicy::Confirm && !provider.capabilities().identity) return std::nullopt;
  const auto identity = provider.identify(answer, nonce);
  if (!identity) return refusalOrFailure(identity.error(), provider.displayName());
  consent.issuer = identity->issuer;
  consent.subject = identity->subject;
  flow.account = maskedAccount(*identity);
  if (identity->subject.empty()) return useless("No subject in the identity.");
  if (policy == IdentityPolicy::Match && !isAskedFor(*identity, flow.profile)) return otherAccount();
  const auto existing = parts_.storage.findGrant(flow.provider, flow.profile);
  if (!existing) return storageFailure(existing.error());
  if (*existing && isAnothersGrant(**existing, consent)) return otherAccount();
  return std::nullopt;
}

Result<void> ConsentFinisher::conclude(Flow& flow, const PendingConsent& consent, IdentityPolicy policy,
                                       const std::string& requestId) {
  const auto since = parts_.clock.now();
  switch (writer_.store(flow, consent, policy)) {
    case GrantWriter::Outcome::Stored:
      record(flow, "consent_completed", "ok", requestId);
      if (!endFlow(flow, FlowStatus::Exchanging, FlowStatus::Completed, {}))
        keepUndecided(flow, consent, since);
      return {};
    case GrantWriter::Outcome::OtherSubject:
      discard(flow, consent);
      endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kMismatch);
      record(flow, "flow_identity_mismatch", word::kMismatch, requestId);
      return otherAccount();
    case GrantWriter::Outcome::Occupied:  // a consent replaces
    case GrantWriter::Outcome::NotStored:
      discard(flow, consent);
      endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kUnavailable);
      return notStored();
    case GrantWriter::Outcome::Unknown:
      break;
  }
  keepUndecided(flow, consent, since);
  return notSureStored();
}

void ConsentFinisher::refuse(Flow& flow, const PendingConsent& consent, const Error& error,
                             const std::string& requestId) {
  discard(flow, consent);
  if (error.code == word::kMismatch) record(flow, "flow_identity_mismatch", word::kMismatch, requestId);
  fail(flow, FlowStatus::Exchanging, error, requestId);
}

void ConsentFinisher::fail(Flow& flow, FlowStatus from, const Error& error, const std::string& requestId) {
  parts_.log.write(LogLevel::Warning, "consent_failed",
                   {{"flow", flow.id},
                    {"provider", flow.provider},
                    {"error", error.code},
                    {"detail", error.detail},
                    {"request", requestId}});
  endFlow(flow, from, FlowStatus::Failed, error.code);
}

bool ConsentFinisher::endFlow(Flow& flow, FlowStatus from, FlowStatus to, const std::string& error) {
  flow.status = to;
  flow.error = error;
  const auto ended = parts_.storage.advanceFlow(flow, from);
  if (ended) return true;
  parts_.log.write(LogLevel::Warning, "flow_end_not_stored",
                   {{"flow", flow.id}, {"kind", toString(ended.error().kind)}, {"error", error}});
  return ended.error().kind != ErrorKind::Transient;
}

void ConsentFinisher::discard(const Flow& flow, const PendingConsent& consent) {
  parts_.revoke.discard(flow.provider, flow.profile, consent.subject, pairOf(consent));
}

void ConsentFinisher::queueDiscarded(const Flow& flow, const PendingConsent& consent) {
  parts_.revoke.queueDiscarded(flow.provider, flow.profile, consent.subject, pairOf(consent));
}

void ConsentFinisher::record(const Flow& flow, const char* event, const std::string& outcome,
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

std::optional<Flow> ConsentFinisher::readAgain(const Flow& flow) {
  auto found = parts_.storage.findFlow(flow.id);
  if (!found) return std::nullopt;
  return *found ? std::move(*found) : std::optional(flow);
}

void ConsentFinisher::keepUndecided(const Flow& flow, const PendingConsent& consent, TimePoint since) {
  parts_.log.write(LogLevel::Error, "consent_undecided", {{"flow", flow.id}, {"provider", flow.provider}});
  const std::lock_guard lock(mutex_);
  undecided_.push_back({flow, consent, since});
}

void ConsentFinisher::settle() {
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

bool ConsentFinisher::settle(Undecided& undecided) {
  auto& [flow, consent, since] = undecided;
  if (parts_.clock.now() < since + kSettleAfter) return false;
  const auto now = readAgain(flow);
  if (!now) return false;
  if (now->status == FlowStatus::AwaitingConfirmation) return true;  // it was never taken from there
  const auto held = writer_.holds(flow, consent, since);
  if (!held) return false;
  if (*held) {
    if (!endFlow(flow, FlowStatus::Exchanging, FlowStatus::Completed, {})) return false;
    record(flow, "consent_completed", "ok", {});
    return true;
  }
  discard(flow, consent);
  endFlow(flow, FlowStatus::Exchanging, FlowStatus::Failed, word::kUnavailable);
  return true;
}

}  // namespace agw
