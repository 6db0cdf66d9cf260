#include "broker/device.hpp"

#include <algorithm>
#include <utility>

#include "broker/consent_words.hpp"
#include "broker/errors.hpp"
#include "broker/places.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

using std::chrono::seconds;

/// Longer than a provider's answer may take (10 s), with time to wait for a thread before it.
constexpr seconds kClaim{30};
constexpr seconds kLongestAnswer{10};
constexpr seconds kLongestLife{3600};
constexpr seconds kLongestInterval{300};
/// RFC 8628 section 3.5: after `slow_down` the interval grows by this.
constexpr seconds kSlower{5};
/// The same section wants fewer questions after a time-out; a person waits, so no fewer than these.
constexpr seconds kLongestDoubling{60};
constexpr int kBatch = 64;
constexpr std::size_t kThreads = 4;
constexpr std::size_t kQueue = 256;

Error notHere(std::string message) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = std::move(message),
          .code = "invalid_request",
          .facts = {{"field", {"provider"}}}};
}

std::optional<Error> unfit(const Provider& provider) {
  const auto& name = provider.displayName();
  if (!provider.capabilities().device)
    return notHere(name + " offers no consent on another device. Use POST /auth/init.");
  if (effectiveIdentity(provider) == IdentityPolicy::Confirm) {
    return notHere(
        "The entry of " + name +
        " has identity: confirm, which needs a browser that comes back here. Use POST /auth/init, or "
        "let an administrator set identity: match where the provider verifies e-mail addresses.");
  }
  return uncheckableIdentity(provider);
}

bool worthWaiting(const Error& error) {
  return error.kind == ErrorKind::Transient || error.kind == ErrorKind::RateLimited;
}

}  // namespace

DeviceService::DeviceService(Parts parts)
    : parts_(parts),
      finisher_({parts_.storage, parts_.vault, parts_.clock, parts_.random, parts_.log, parts_.revoke}),
      workers_(kThreads, [](const std::string&) { return std::chrono::milliseconds(0); }) {}

Result<DeviceAuthorization> DeviceService::begin(const ConsentRequest& request, const Caller& caller) {
  if (auto error = faultOf(request)) return *error;
  const auto found = parts_.providers.find(request.provider);
  if (!found) return found.error();
  Provider& provider = **found;
  if (auto error = unfit(provider)) return *error;
  const auto sent = parts_.clock.now();
  auto made = newFlow(request, provider, caller, parts_.random, sent);
  if (!made) return std::move(made).error();
  Flow flow = std::move(*made);
  const auto nobodys = newToken(parts_.random);
  if (!nobodys) return nobodys.error();
  flow.stateHash = sha256Hex(*nobodys);

  const auto grant = provider.startDevice(flow.scopes);
  if (!grant) return providerFailure(grant.error(), provider.displayName());
  auto sealed = parts_.vault.seal(placeOf(flow, column::kDeviceCode), grant->deviceCode);
  if (!sealed) return storageFailure(std::move(sealed).error());
  flow.deviceCode = std::move(*sealed);
  flow.expiresAt = sent + std::min(grant->expiresIn, kLongestLife);
  flow.pollInterval = std::clamp(grant->interval, seconds(1), kLongestInterval);
  flow.pollAt = parts_.clock.now() + flow.pollInterval;
  if (auto created = parts_.storage.createFlow(flow); !created) return storageFailure(created.error());
  finisher_.record(flow, "device_flow_started", "ok", request.requestId, caller.keyId);
  return DeviceAuthorization{.userCode = grant->userCode,
                             .verificationUri = grant->verificationUri,
                             .verificationUriComplete = grant->verificationUriComplete,
                             .sessionId = flow.id,
                             .expiresAt = flow.expiresAt,
                             .interval = flow.pollInterval};
}

Result<void> DeviceService::poll() {
  finisher_.settle();
  const auto now = parts_.clock.now();
  auto claimed = parts_.storage.claimDevicePolls(now, kClaim, kBatch);
  if (!claimed) return storageFailure(claimed.error());
  for (auto& flow : *claimed) {
    const auto provider = flow.provider;
    const auto id = flow.id;
    // One that finds no place is due again when its claim is over.
    workers_.submit(provider, id, kQueue,
                    [this, flow = std::move(flow), until = now + kClaim] { ask(flow, until); });
  }
  return {};
}

bool DeviceService::drain(std::chrono::milliseconds limit) {
  return workers_.waitUntilIdle(limit);
}

// One question. Until the claim is over nobody else asks; after it nothing is written that another one's
// answer could contradict, but for tokens, which the provider gives once.
void DeviceService::ask(Flow flow, TimePoint claimedUntil) {
  if (parts_.clock.now() + kLongestAnswer > claimedUntil) return;
  const auto end = [&](const Error& error) { finisher_.fail(flow, FlowStatus::Pending, error, {}); };
  const auto found = parts_.providers.find(flow.provider);
  if (!found) return end(found.error());
  Provider& provider = **found;
  if (provider.config().fingerprint != flow.configFingerprint) return end(changedProvider());
  const auto code = parts_.vault.open(placeOf(flow, column::kDeviceCode), flow.deviceCode);
  if (!code) return end(storageFailure(code.error()));

  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  const auto answer = provider.pollDevice(*code, flow.scopes);
  receipt.received = parts_.clock.now();
  if (answer && answer->tokens) return finish(flow, provider, *answer->tokens, receipt);
  if (receipt.received > claimedUntil) return;
  if (answer || worthWaiting(answer.error())) return goOn(flow, answer);
  if (answer.error().code == kDeviceExpired) return end(expiredLink());
  end(exchangeFailure(answer.error(), provider.displayName()));
}

// The person has not decided yet, as far as one knows. What cannot be written down is asked again when the
// claim is over.
void DeviceService::goOn(const Flow& flow, const Result<DevicePoll>& answer) {
  auto interval = flow.pollInterval;
  seconds pause{0};
  if (!answer) {
    interval = std::max(interval, std::min(2 * interval, kLongestDoubling));
    pause = answer.error().retryAfter;
    parts_.log.write(LogLevel::Warning, "device_poll_failed",
                     {{"flow", flow.id},
                      {"provider", flow.provider},
                      {"kind", toString(answer.error().kind)},
                      {"detail", answer.error().detail}});
  } else if (answer->slowDown) {
    interval = std::min(interval + kSlower, kLongestInterval);
  }
  (void)parts_.storage.scheduleDevicePoll(flow.id, parts_.clock.now() + std::max(interval, pause), interval);
}

void DeviceService::finish(Flow& flow, Provider& provider, const TokenSet& tokens, const Receipt& receipt) {
  if (!take(flow)) {
    PendingConsent lost;
    lost.tokens = tokensFrom(tokens, receipt, flow.scopes, provider.accessTtlDefault());
    finisher_.discard(flow, lost);
    finisher_.fail(flow, FlowStatus::Pending, notStored(), {});
    return;
  }
  const auto consent = finisher_.accept(flow, provider, tokens, receipt, {}, {});
  if (consent) (void)finisher_.conclude(flow, *consent, effectiveIdentity(provider), {});
}

// Whoever moves the flow on from Pending, and nobody else, ends it.
bool DeviceService::take(Flow& flow) {
  flow.status = FlowStatus::Exchanging;
  const auto taken = parts_.storage.advanceFlow(flow, FlowStatus::Pending);
  if (taken) return true;
  if (taken.error().kind != ErrorKind::Transient) return false;
  const auto now = finisher_.readAgain(flow);
  return now && now->status == FlowStatus::Exchanging;
}

}  // namespace agw
