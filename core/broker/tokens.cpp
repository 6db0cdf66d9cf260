#include "broker/tokens.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"
#include "broker/refresh.hpp"
#include "broker/single_flight.hpp"
#include "broker/unsaved.hpp"
#include "broker/workers.hpp"

namespace agw {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A token that came less than this ago is the best there is: it is served although it lives for less than
/// asked, and although a renewal is demanded, so that neither can make the gateway ask the provider at every
/// read.
constexpr seconds kJustIssued{30};
constexpr seconds kAlive{1};
/// How often a read looks again because somebody else changed the row under it.
constexpr int kLooks = 5;

Pause orRealPause(Pause pause) {
  if (pause) return pause;
  return [](milliseconds time) { std::this_thread::sleep_for(time); };
}

}  // namespace

class TokenService::Engine {
 public:
  explicit Engine(Parts parts)
      : parts_(std::move(parts)),
        unsaved_(parts_.storage, parts_.vault, parts_.revoke, parts_.log),
        gates_(parts_.clock, parts_.random, parts_.log, parts_.metrics),
        refresher_({parts_.storage, parts_.vault, parts_.clock, parts_.random, parts_.log, unsaved_, gates_,
                    parts_.metrics, parts_.settings, orRealPause(parts_.pause)}),
        workers_(parts_.settings.refreshThreads,
                 [this](const std::string& provider) { return gates_.turn(provider); }) {}

  Result<TokenAnswer> token(const TokenRequest& request);
  bool renewBehind(const Grant& seen, const std::shared_ptr<Provider>& provider, RenewalCause cause,
                   const std::string& requestId);
  bool renewBehind(const Grant& seen);
  std::size_t renewalRoom(const Provider& provider);
  bool drain(milliseconds limit);

 private:
  using FoundProvider = Result<std::shared_ptr<Provider>>;

  /// A grant as one read sees it.
  struct View {
    const TokenRequest& request;
    const FoundProvider& provider;
    Grant grant;
    std::optional<PlainTokens> kept;  // newer than the row's, on their way into it
    TimePoint now;
    bool enough = false;   // lives for what the caller asked
    bool current = false;  // may be served without a renewal
    bool due = false;
  };
  Result<std::optional<View>> look(const TokenRequest& request, const FoundProvider& provider);
  void judge(View& view, const TokenRequest& request) const;
  std::optional<Error> refusal(const View& view) const;
  std::optional<Error> missing(const View& view, const Scopes& granted) const;
  bool mayRenewBehind(const View& view) const;
  Refresher::Outcome renewShared(const View& view);
  Result<TokenAnswer> serve(const View& view, bool renewalFailed);
  Result<TokenAnswer> serveFresh(const View& view, const PlainTokens& tokens) const;
  seconds margin(const View& view) const;
  std::size_t queueFor(const Provider& provider) const;
  Error integrityFault(const View& view, Error error);

  Parts parts_;
  UnsavedTokens unsaved_;
  ProviderGates gates_;
  Refresher refresher_;
  SingleFlight<Refresher::Outcome> flights_;
  std::atomic<int> waiting_{0};
  Workers workers_;  // last: its jobs use the rest
};

void TokenService::Engine::judge(View& view, const TokenRequest& request) const {
  SealedTokens times = view.grant.tokens;
  if (view.kept) {
    times.issuedAt = view.kept->issuedAt;
    times.accessExpiresAt = view.kept->accessExpiresAt;
  }
  const auto asked = std::max(kAlive, request.minTtl.value_or(parts_.settings.defaultMinTtl));
  const bool justIssued = times.issuedAt <= view.now && view.now - times.issuedAt < kJustIssued;
  view.enough = livesFor(times, view.now, asked);
  view.current = livesFor(times, view.now, kAlive) && (justIssued || (view.enough && !request.forceRefresh));
  const auto dueAt = refreshDueAt(times, margin(view));
  view.due = dueAt && *dueAt <= view.now;
}

// How long before the end of a token its renewal is due.
seconds TokenService::Engine::margin(const View& view) const {
  const auto& usual = parts_.settings.refreshBuffer;
  return view.provider ? std::max(usual, (*view.provider)->refreshFacts().renewBefore) : usual;
}

Result<std::optional<TokenService::Engine::View>> TokenService::Engine::look(const TokenRequest& request,
                                                                             const FoundProvider& provider) {
  auto found = parts_.storage.findGrant(request.provider, request.profile);
  if (!found) return storageFailure(std::move(found).error());
  if (!*found) return std::optional<View>();
  View view{.request = request,
            .provider = provider,
            .grant = std::move(**found),
            .kept = {},
            .now = parts_.clock.now()};
  if (view.grant.provider != request.provider || view.grant.profile != request.profile) {
    return integrityFault(view, {.kind = ErrorKind::Integrity, .detail = "The row is another owner's."});
  }
  view.kept = unsaved_.newerThan(view.grant);
  judge(view, request);
  return std::optional<View>(std::move(view));
}

Result<TokenAnswer> TokenService::Engine::token(const TokenRequest& request) {
  const auto provider = parts_.providers.find(request.provider);
  if (!provider && provider.error().kind == ErrorKind::NotFound) return provider.error();
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto looked = look(request, provider);
    if (!looked) return looked.error();
    if (!*looked) return notAuthenticated();
    const View& view = **looked;
    const auto& granted = view.kept ? view.kept->scopes : view.grant.tokens.scopes;
    if (auto error = missing(view, granted)) return *error;
    if (parts_.reads && provider && (*provider)->config().refresh.proactive == Proactive::Active)
      parts_.reads->note(view.grant.id);
    if (view.current) {
      if (mayRenewBehind(view)) renewBehind(view.grant, *provider, RenewalCause::Due, request.requestId);
      return serve(view, false);
    }
    if (auto error = refusal(view)) {
      const bool demandedOnly = view.enough && error->kind != ErrorKind::GrantDead;
      return demandedOnly ? serve(view, true) : Result<TokenAnswer>(std::move(*error));
    }
    const auto outcome = renewShared(view);
    if (!outcome) {
      const bool only = outcome.error().kind == ErrorKind::Unsupported;  // there is no other token
      if (view.enough && (only || isTemporary(outcome.error().kind))) return serve(view, true);
      return only ? consentNeeded(word::kRefreshFailed) : outcome.error();
    }
    if (*outcome) return serveFresh(view, **outcome);
  }
  return overloaded();
}

// Why there is no renewal for a token that is not good enough; nothing when there may be one.
std::optional<Error> TokenService::Engine::refusal(const View& view) const {
  const Grant& grant = view.grant;
  if (grant.status == GrantStatus::NeedsConsent) return consentNeeded(grant.lastError);
  if (!view.provider) return view.provider.error();
  if (grant.retryNotBefore && *grant.retryNotBefore > view.now) {
    return backingOff(grant.lastError, std::chrono::ceil<seconds>(*grant.retryNotBefore - view.now));
  }
  const bool alive = livesFor(grant.tokens, view.now, kAlive);
  if (!alive || renewable(grant, **view.provider, view.now)) return std::nullopt;
  if (!view.enough) return consentNeeded(word::kRefreshFailed);
  return Error{.kind = ErrorKind::Unsupported, .message = "This grant's token cannot be renewed."};
}

std::optional<Error> TokenService::Engine::missing(const View& view, const Scopes& granted) const {
  const auto& asked = view.request.scopes;
  if (asked.empty()) return std::nullopt;
  const auto spelled = [&](const Scopes& scopes) {
    return view.provider ? (*view.provider)->normalizeScopes(scopes) : scopes;
  };
  const auto lacking = missingScopes(spelled(asked), spelled(granted));
  if (lacking.empty()) return std::nullopt;
  return lacksScopes(granted, lacking);
}

// An open intent means that somebody is at it, or that a renewal was interrupted and may have spent the
// refresh token: then the living access token is used to its end first.
bool TokenService::Engine::mayRenewBehind(const View& view) const {
  const Grant& grant = view.grant;
  return view.due && !view.kept && grant.status == GrantStatus::Active && view.provider &&
         grant.openIntents == 0 && (!grant.retryNotBefore || *grant.retryNotBefore <= view.now) &&
         renewable(grant, **view.provider, view.now);
}

bool TokenService::Engine::renewBehind(const Grant& seen, const std::shared_ptr<Provider>& provider,
                                       RenewalCause cause, const std::string& requestId) {
  auto job = [this, provider, seen, cause, requestId] {
    auto seat = flights_.enter(seen.id, overloaded());
    if (!seat.leads()) return;
    const bool lives = livesFor(seen.tokens, parts_.clock.now(), kAlive);
    const auto urgency = lives ? Refresher::Urgency::Due : Refresher::Urgency::Late;
    seat.land(refresher_.renew(seen, *provider, {urgency, cause, requestId}));
  };
  gates_.setRate(seen.provider, provider->config().refresh.perSecond);
  return workers_.submit(seen.provider, seen.id, queueFor(*provider), std::move(job));
}

bool TokenService::Engine::renewBehind(const Grant& seen) {
  const auto provider = parts_.providers.find(seen.provider);
  return provider && renewBehind(seen, *provider, RenewalCause::Schedule, {});
}

// No more wait than two seconds' worth, so that an orderly end can finish them.
std::size_t TokenService::Engine::queueFor(const Provider& provider) const {
  return std::min(parts_.settings.refreshQueue,
                  2 * static_cast<std::size_t>(provider.config().refresh.perSecond));
}

std::size_t TokenService::Engine::renewalRoom(const Provider& provider) {
  const auto& id = provider.config().id;
  if (gates_.refusal(id)) return 0;
  const auto most = queueFor(provider);
  return most - std::min(most, workers_.waiting(id));
}

Refresher::Outcome TokenService::Engine::renewShared(const View& view) {
  auto seat = flights_.enter(view.grant.id, overloaded());
  if (seat.leads()) {
    auto outcome = refresher_.renew(view.grant, **view.provider,
                                    {Refresher::Urgency::Must, RenewalCause::Read, view.request.requestId});
    seat.land(outcome);
    return outcome;
  }
  if (++waiting_ > parts_.settings.maxWaiters) {
    --waiting_;
    return overloaded();
  }
  auto result = seat.wait(parts_.settings.waitForRefresh);
  --waiting_;
  return result ? std::move(*result) : Refresher::Outcome(overloaded());
}

Result<TokenAnswer> TokenService::Engine::serve(const View& view, bool renewalFailed) {
  const Grant& grant = view.grant;
  if (view.kept) {
    auto answer = serveFresh(view, *view.kept);
    if (answer) answer->degraded = renewalFailed;
    return answer;
  }
  // A renewal that failed took its time.
  if (renewalFailed && !livesFor(grant.tokens, parts_.clock.now(), kAlive)) return overloaded();
  auto access = openAccessToken(parts_.vault, grant);
  if (!access) return integrityFault(view, std::move(access).error());
  const bool hindered =
      !view.provider || grant.status == GrantStatus::NeedsConsent || !grant.lastError.empty();
  TokenAnswer answer{.accessToken = std::move(*access),
                     .expiresAt = grant.tokens.accessExpiresAt,
                     .refreshAfter = refreshDueAt(grant.tokens, margin(view)),
                     .scopes = grant.tokens.scopes,
                     .degraded = renewalFailed || (view.due && hindered)};
  if (answer.refreshAfter && grant.retryNotBefore) {
    answer.refreshAfter = std::max(*answer.refreshAfter, *grant.retryNotBefore);
  }
  return answer;
}

Result<TokenAnswer> TokenService::Engine::serveFresh(const View& view, const PlainTokens& tokens) const {
  if (auto error = missing(view, tokens.scopes)) return *error;
  SealedTokens times;
  times.issuedAt = tokens.issuedAt;
  times.accessExpiresAt = tokens.accessExpiresAt;
  if (!livesFor(times, parts_.clock.now(), kAlive)) return overloaded();
  return TokenAnswer{.accessToken = tokens.access,
                     .expiresAt = tokens.accessExpiresAt,
                     .refreshAfter = refreshDueAt(times, margin(view)),
                     .scopes = tokens.scopes};
}

Error TokenService::Engine::integrityFault(const View& view, Error error) {
  error = storageFailure(std::move(error));
  parts_.log.write(
      LogLevel::Error, "integrity_error",
      {{"grant", view.grant.id}, {"provider", view.request.provider}, {"request", view.request.requestId}});
  recordAudit(parts_.storage, parts_.log,
              {.at = view.now,
               .event = "integrity_error",
               .requestId = view.request.requestId,
               .keyId = {},
               .provider = view.request.provider,
               .profile = view.request.profile,
               .outcome = word::kIntegrity,
               .note = "A stored token is not the one that was stored there."});
  return error;
}

bool TokenService::Engine::drain(milliseconds limit) {
  const bool idle = workers_.waitUntilIdle(limit / 2);
  const bool landed = flights_.waitUntilEmpty(limit / 2);
  return unsaved_.retryAll() && idle && landed;
}

TokenService::TokenService(Parts parts) : engine_(std::make_unique<Engine>(std::move(parts))) {}
TokenService::~TokenService() = default;

Result<TokenAnswer> TokenService::token(const TokenRequest& request) {
  return engine_->token(request);
}
bool TokenService::renewBehind(const Grant& seen) {
  return engine_->renewBehind(seen);
}
std::size_t TokenService::renewalRoom(const Provider& provider) {
  return engine_->renewalRoom(provider);
}
bool TokenService::drain(milliseconds limit) {
  return engine_->drain(limit);
}

}  // namespace agw
