#include "broker/tokens.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"
#include "broker/grant_cache.hpp"
#include "broker/refresh.hpp"
#include "broker/single_flight.hpp"
#include "broker/token_view.hpp"
#include "broker/unsaved.hpp"
#include "broker/workers.hpp"

namespace agw {

using std::chrono::milliseconds;

namespace {

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
        cache_({parts_.storage, parts_.clock, parts_.metrics, parts_.settings.cachedGrants}),
        unsaved_(parts_.storage, parts_.vault, parts_.revoke, parts_.log),
        gates_(parts_.clock, parts_.random, parts_.log, parts_.metrics),
        refresher_({parts_.storage, parts_.vault, parts_.clock, parts_.random, parts_.log, unsaved_, gates_,
                    parts_.metrics, parts_.settings, orRealPause(parts_.pause)}),
        workers_(parts_.settings.refreshThreads,
                 [this](const std::string& provider) { return gates_.turn(provider); }) {}

  Result<TokenAnswer> token(const TokenRequest& request);
  bool renewBehind(const GrantCache::Copy& seen, const std::shared_ptr<Provider>& provider,
                   RenewalCause cause, const std::string& requestId);
  bool renewBehind(const Grant& seen);
  std::size_t renewalRoom(const Provider& provider);
  bool drain(milliseconds limit);

 private:
  using FoundProvider = TokenView::FoundProvider;

  std::optional<TokenAnswer> fromMemory(const TokenRequest& request, const FoundProvider& provider);
  Result<std::optional<TokenView>> look(const TokenRequest& request, const FoundProvider& provider);
  TokenView viewOf(const TokenRequest& request, const FoundProvider& provider, GrantCache::Copy grant);
  void noteRead(const TokenView& view);
  void renewBehind(const TokenView& view);
  Refresher::Outcome renewShared(const TokenView& view);
  Result<TokenAnswer> serve(const TokenView& view, bool renewalFailed);
  Result<TokenAnswer> serveStored(const TokenView& view, bool renewalFailed);
  Result<TokenAnswer> serveFresh(const TokenView& view, const PlainTokens& tokens) const;
  std::size_t queueFor(const Provider& provider) const;
  Error integrityFault(const TokenRequest& request, const Grant& grant, Error error);

  Parts parts_;
  GrantCache cache_;
  UnsavedTokens unsaved_;
  ProviderGates gates_;
  Refresher refresher_;
  SingleFlight<Refresher::Outcome> flights_;
  std::atomic<int> waiting_{0};
  Workers workers_;  // last: its jobs use the rest
};

TokenView TokenService::Engine::viewOf(const TokenRequest& request, const FoundProvider& provider,
                                       GrantCache::Copy grant) {
  auto kept = unsaved_.newerThan(*grant);
  return TokenView({.request = request,
                    .provider = provider,
                    .settings = parts_.settings,
                    .grant = std::move(grant),
                    .kept = std::move(kept),
                    .now = parts_.clock.now()});
}

// The short way. Nothing but a good enough token comes from it: whatever else a copy says, the row may know
// better.
std::optional<TokenAnswer> TokenService::Engine::fromMemory(const TokenRequest& request,
                                                            const FoundProvider& provider) {
  auto copy = cache_.kept(request.provider, request.profile);
  if (!copy) return std::nullopt;
  const auto view = viewOf(request, provider, std::move(copy));
  if (!view.current() || view.missing(view.scopes())) return std::nullopt;
  noteRead(view);
  if (view.mayRenewBehind()) renewBehind(view);
  auto answer = view.parts().kept ? serveFresh(view, *view.parts().kept) : serveStored(view, false);
  if (!answer) return std::nullopt;
  return std::move(*answer);
}

Result<std::optional<TokenView>> TokenService::Engine::look(const TokenRequest& request,
                                                            const FoundProvider& provider) {
  auto found = cache_.read(request.provider, request.profile);
  if (!found) return storageFailure(std::move(found).error());
  if (!*found) return std::optional<TokenView>();
  const Grant& grant = **found;
  if (grant.provider != request.provider || grant.profile != request.profile) {
    return integrityFault(request, grant,
                          {.kind = ErrorKind::Integrity, .detail = "The row is another owner's."});
  }
  return std::optional(viewOf(request, provider, std::move(*found)));
}

Result<TokenAnswer> TokenService::Engine::token(const TokenRequest& request) {
  const auto provider = parts_.providers.find(request.provider);
  if (!provider && provider.error().kind == ErrorKind::NotFound) return provider.error();
  if (auto answer = fromMemory(request, provider)) return std::move(*answer);
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto looked = look(request, provider);
    if (!looked) return looked.error();
    if (!*looked) return notAuthenticated();
    const TokenView& view = **looked;
    if (auto error = view.missing(view.scopes())) return *error;
    noteRead(view);
    if (view.current()) {
      if (view.mayRenewBehind()) renewBehind(view);
      return serve(view, false);
    }
    if (auto error = view.refusal()) {
      const bool demandedOnly = view.enough() && error->kind != ErrorKind::GrantDead;
      return demandedOnly ? serve(view, true) : Result<TokenAnswer>(std::move(*error));
    }
    const auto outcome = renewShared(view);
    if (!outcome) {
      const bool only = outcome.error().kind == ErrorKind::Unsupported;  // there is no other token
      const bool atRenewalOnly =
          only || isTemporary(outcome.error().kind) || outcome.error().kind == ErrorKind::BadClient;
      if (view.enough() && atRenewalOnly) return serve(view, true);
      return only ? consentNeeded(word::kRefreshFailed) : outcome.error();
    }
    if (*outcome) return serveFresh(view, **outcome);
  }
  return overloaded();
}

void TokenService::Engine::noteRead(const TokenView& view) {
  const auto& provider = view.parts().provider;
  if (!parts_.reads || !provider) return;
  if ((*provider)->config().refresh.proactive == Proactive::Active) parts_.reads->note(view.grant().id);
}

void TokenService::Engine::renewBehind(const TokenView& view) {
  renewBehind(view.parts().grant, *view.parts().provider, RenewalCause::Due, view.parts().request.requestId);
}

bool TokenService::Engine::renewBehind(const GrantCache::Copy& seen,
                                       const std::shared_ptr<Provider>& provider, RenewalCause cause,
                                       const std::string& requestId) {
  auto job = [this, provider, seen, cause, requestId] {
    auto seat = flights_.enter(seen->id, overloaded());
    if (!seat.leads()) return;
    const bool lives = livesFor(seen->tokens, parts_.clock.now(), kAlive);
    const auto urgency = lives ? Refresher::Urgency::Due : Refresher::Urgency::Late;
    seat.land(refresher_.renew(*seen, *provider, {urgency, cause, requestId}));
  };
  gates_.setRate(seen->provider, provider->config().refresh.perSecond);
  return workers_.submit(seen->provider, seen->id, queueFor(*provider), std::move(job));
}

bool TokenService::Engine::renewBehind(const Grant& seen) {
  const auto provider = parts_.providers.find(seen.provider);
  return provider && renewBehind(std::make_shared<const Grant>(seen), *provider, RenewalCause::Schedule, {});
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

Refresher::Outcome TokenService::Engine::renewShared(const TokenView& view) {
  auto seat = flights_.enter(view.grant().id, overloaded());
  if (seat.leads()) {
    auto outcome =
        refresher_.renew(view.grant(), **view.parts().provider,
                         {Refresher::Urgency::Must, RenewalCause::Read, view.parts().request.requestId});
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

Result<TokenAnswer> TokenService::Engine::serve(const TokenView& view, bool renewalFailed) {
  if (view.parts().kept) {
    auto answer = serveFresh(view, *view.parts().kept);
    if (answer) answer->degraded = renewalFailed;
    return answer;
  }
  auto answer = serveStored(view, renewalFailed);
  if (!answer && answer.error().kind == ErrorKind::Integrity)
    return integrityFault(view.parts().request, view.grant(), std::move(answer).error());
  return answer;
}

Result<TokenAnswer> TokenService::Engine::serveStored(const TokenView& view, bool renewalFailed) {
  const Grant& grant = view.grant();
  // A renewal that failed took its time.
  if (renewalFailed && !livesFor(grant.tokens, parts_.clock.now(), kAlive)) return overloaded();
  auto access = openAccessToken(parts_.vault, grant);
  if (!access) return std::move(access).error();
  const bool hindered = !view.parts().provider || grant.status == GrantStatus::NeedsConsent ||
                        !grant.lastError.empty() || (view.due() && gates_.refusal(grant.provider));
  TokenAnswer answer{.accessToken = std::move(*access),
                     .expiresAt = grant.tokens.accessExpiresAt,
                     .refreshAfter = view.refreshAfter(grant.tokens.issuedAt, grant.tokens.accessExpiresAt),
                     .scopes = grant.tokens.scopes,
                     .degraded = renewalFailed || (view.due() && hindered)};
  if (answer.refreshAfter && grant.retryNotBefore) {
    answer.refreshAfter = std::max(*answer.refreshAfter, *grant.retryNotBefore);
  }
  return answer;
}

Result<TokenAnswer> TokenService::Engine::serveFresh(const TokenView& view, const PlainTokens& tokens) const {
  if (auto error = view.missing(tokens.scopes)) return *error;
  if (!livesFor(tokens.accessExpiresAt, parts_.clock.now(), kAlive)) return overloaded();
  return TokenAnswer{.accessToken = tokens.access,
                     .expiresAt = tokens.accessExpiresAt,
                     .refreshAfter = view.refreshAfter(tokens.issuedAt, tokens.accessExpiresAt),
                     .scopes = tokens.scopes};
}

Error TokenService::Engine::integrityFault(const TokenRequest& request, const Grant& grant, Error error) {
  error = storageFailure(std::move(error));
  parts_.log.write(LogLevel::Error, "integrity_error",
                   {{"grant", grant.id}, {"provider", request.provider}, {"request", request.requestId}});
  recordAudit(parts_.storage, parts_.log,
              {.at = parts_.clock.now(),
               .event = "integrity_error",
               .requestId = request.requestId,
               .keyId = {},
               .provider = request.provider,
               .profile = request.profile,
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
