#include <utility>

#include "broker/consent.hpp"
#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

Error notAwaiting() {
  return {
      .kind = ErrorKind::Conflict, .message = "This session does not wait for a code.", .code = "conflict"};
}

Error wrong(int triesLeft) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = triesLeft > 0
                         ? "This is not the code. Ask the person who consented for the one they were shown."
                         : "This is not the code, and it was the last try. Start again.",
          .code = "invalid_request",
          .facts = {{"field", {"code"}}, {"tries_left", {std::to_string(triesLeft)}}}};
}

// As people copy it: in lower case, in groups.
std::string canonicalCode(const std::string& typed) {
  std::string code;
  for (const char c : typed) {
    if (c == ' ' || c == '-') continue;
    code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return code;
}

}  // namespace

Result<Flow> ConsentService::confirm(const std::string& sessionId, const std::string& code,
                                     const Caller& caller, const std::string& requestId) {
  auto flow = status(sessionId);
  if (!flow) return flow;
  if (auto allowed = caller.may(Operation::Consent, flow->provider, flow->profile); !allowed)
    return allowed.error();
  if (flow->status != FlowStatus::AwaitingConfirmation) return notAwaiting();
  auto counted = parts_.storage.countConfirmationTry(sessionId);
  if (!counted && counted.error().kind == ErrorKind::Conflict) return notAwaiting();
  if (!counted) return storageFailure(std::move(counted).error());
  const bool right =
      equalInConstantTime(confirmationHash(sessionId, canonicalCode(code)), counted->confirmationHash);
  if (right && counted->confirmationTries <= kConfirmationTries)
    return rightCode(std::move(*counted), requestId);
  return wrongCode(std::move(*counted), requestId);
}

// Whoever moves the flow on from AwaitingConfirmation, and nobody else, has its tokens.
Result<Flow> ConsentService::rightCode(Flow flow, const std::string& requestId) {
  const auto consent = openPending(parts_.vault, flow);
  if (!consent) return storageFailure(consent.error());
  const auto since = parts_.clock.now();
  flow.status = FlowStatus::Exchanging;
  const auto claimed = parts_.storage.advanceFlow(flow, FlowStatus::AwaitingConfirmation);
  if (!claimed && claimed.error().kind == ErrorKind::Transient) {
    // Perhaps it is ours now, and then only this process has the tokens.
    const auto now = finisher_.readAgain(flow);
    if (!now || now->status != FlowStatus::AwaitingConfirmation)
      finisher_.keepUndecided(flow, *consent, since);
    return storageFailure(claimed.error());
  }
  if (!claimed) return notAwaiting();
  // Under the policy that asked for a code; a provider entry changed since does not weaken it.
  const auto concluded = finisher_.conclude(flow, *consent, IdentityPolicy::Confirm, requestId);
  if (!concluded) return concluded.error();
  return flow;
}

Result<Flow> ConsentService::wrongCode(Flow flow, const std::string& requestId) {
  const int left = kConfirmationTries - flow.confirmationTries;
  if (left > 0) return wrong(left);
  const auto consent = openPending(parts_.vault, flow);
  flow.status = FlowStatus::Failed;
  flow.error = "confirmation_failed";
  const auto ended = parts_.storage.advanceFlow(flow, FlowStatus::AwaitingConfirmation);
  if (!ended && ended.error().kind == ErrorKind::Transient) {
    const auto now = finisher_.readAgain(flow);
    if (!now && consent) finisher_.keepUndecided(flow, *consent, parts_.clock.now());
    if (!now || now->status == FlowStatus::AwaitingConfirmation) return storageFailure(ended.error());
  } else if (!ended) {
    return notAwaiting();
  }
  if (consent) finisher_.discard(flow, *consent);
  finisher_.record(flow, "confirmation_failed", "confirmation_failed", requestId);
  return wrong(0);
}

}  // namespace agw
