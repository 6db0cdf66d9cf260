#include "broker/refresh.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/clock_jumps.hpp"
#include "broker/errors.hpp"

namespace agw {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Refresher::Attempt {
  Grant seen;  // what the caller decided by
  Provider& provider;
  Wish wish;
  Grant grant;  // as of the lease
  Lease lease;
  TimePoint leasedAt;  // or before
  PlainTokens spent;
};

namespace {

constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{500};

// `no` or `refused`, as the plugin layer tells it.
bool untouched(const Error& error) {
  return error.facts.contains("sent");
}

// Whether the provider certainly did not act on the refresh token.
bool settled(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Transient:
      return untouched(error);
    case ErrorKind::Malformed:
    case ErrorKind::Bug:
      return false;
    default:
      return true;
  }
}

std::string challengeIn(const Error& error) {
  const auto found = error.facts.find("challenge");
  return found == error.facts.end() || found->second.empty() ? std::string() : found->second.front();
}

}  // namespace

bool renewable(const Grant& grant, const Provider& provider, TimePoint now) {
  if (!provider.capabilities().refresh) return false;
  return !grant.tokens.refreshToken.empty() || livesFor(grant.tokens, now, seconds(1));
}

Refresher::Refresher(Parts parts) : parts_(std::move(parts)) {}

Refresher::Outcome Refresher::renew(const Grant& seen, Provider& provider, const Wish& wish) {
  auto outcome = tryToRenew(seen, provider, wish);
  countRenewal(parts_.metrics, seen.provider, wish.cause, outcome ? nullptr : &outcome.error(),
               outcome && outcome->has_value());
  return outcome;
}

Refresher::Outcome Refresher::tryToRenew(const Grant& seen, Provider& provider, const Wish& wish) {
  if (!parts_.unsaved.retry(seen.id)) return overloaded();
  if (auto refused = parts_.gates.refusal(seen.provider)) return *refused;
  const auto owner = newUuid(parts_.random);
  if (!owner) return owner.error();
  Attempt attempt{.seen = seen,
                  .provider = provider,
                  .wish = wish,
                  .grant = {},
                  .lease = {.owner = parts_.settings.replica + "/" + *owner, .fence = 0},
                  .leasedAt = {},
                  .spent = {}};
  milliseconds waited{0};
  while (true) {
    attempt.leasedAt = parts_.clock.now();
    auto acquired = lease(attempt);
    if (acquired) {
      countLease(parts_.metrics, seen.provider, LeaseEvent::Taken);
      attempt.grant = std::move(*acquired);
      attempt.lease.fence = attempt.grant.fence;
      return underLease(attempt);
    }
    if (acquired.error().kind == ErrorKind::NotFound) return notAuthenticated();
    if (acquired.error().kind != ErrorKind::Conflict) return storageFailure(acquired.error());
    if (waited == milliseconds(0)) countLease(parts_.metrics, seen.provider, LeaseEvent::Held);
    if (wish.urgency != Urgency::Must) return Outcome(std::nullopt);
    if (auto outcome = waitForOther(attempt, waited)) return *outcome;
  }
}

Result<Grant> Refresher::lease(const Attempt& attempt) {
  const auto& [id, owner] = std::tie(attempt.seen.id, attempt.lease.owner);
  return attempt.provider.refreshFacts().perAccount
             ? parts_.storage.acquireAccountLease(id, owner, parts_.settings.leaseLife)
             : parts_.storage.acquireLease(id, owner, parts_.settings.leaseLife);
}

std::optional<Refresher::Outcome> Refresher::waitForOther(const Attempt& attempt, milliseconds& waited) {
  if (waited >= parts_.settings.waitForRefresh) return overloaded();
  const auto pause = std::min(waited + kFirstPause, kLongestPause);
  parts_.pause(pause);
  waited += pause;
  const auto row = parts_.storage.findGrantById(attempt.seen.id);
  if (!row) return storageFailure(row.error());
  if (!*row) return notAuthenticated();
  return verdict(**row, attempt.seen);
}

// What another one's work makes of the wish to renew; nothing when the wish stands.
std::optional<Refresher::Outcome> Refresher::verdict(const Grant& row, const Grant& seen) const {
  if (row.status == GrantStatus::NeedsConsent) return consentNeeded(row.lastError);
  if (row.version != seen.version) return Outcome(std::nullopt);
  if (const auto pause = pauseOf(row, parts_.clock.now())) return backingOff(row.lastError, *pause);
  return std::nullopt;
}

Refresher::Outcome Refresher::underLease(Attempt& attempt) {
  if (auto outcome = verdict(attempt.grant, attempt.seen)) {
    release(attempt);
    return *outcome;
  }
  const bool interrupted = attempt.grant.openIntents > 1;
  if (interrupted && attempt.wish.urgency == Urgency::Due) {
    release(attempt);
    return Outcome(std::nullopt);
  }
  auto spent = openTokens(parts_.vault, attempt.grant);
  if (!spent) {
    const auto error = storageFailure(std::move(spent).error());
    record(attempt, failureOf(attempt, word::kIntegrity, error));
    return error;
  }
  attempt.spent = std::move(*spent);
  if (!renewable(attempt.grant, attempt.provider, parts_.clock.now())) {
    return endDead(attempt, word::kRefreshFailed);
  }
  if (tooLate(attempt)) {
    release(attempt);
    return Outcome(std::nullopt);
  }
  if (auto refused = parts_.gates.admit(attempt.grant.provider)) {
    release(attempt);
    return *refused;
  }
  return ask(attempt);
}

// Whoever was stopped on the way from the lease to here may not hold it any more, or not until the answer
// comes: another replica may be spending the same token. A clock that went back tells nothing, so it counts
// as late.
bool Refresher::tooLate(const Attempt& attempt) const {
  const auto passed = parts_.clock.now() - attempt.leasedAt;
  return passed < milliseconds(0) || passed > parts_.settings.leaseLife / 3;
}

Refresher::Outcome Refresher::ask(Attempt& attempt) {
  const auto owner = ownerOf(attempt.grant.profile);
  const RefreshRequest request{.refreshToken = attempt.spent.refresh,
                               .accessToken = attempt.spent.access,
                               .scopes = attempt.spent.scopes,
                               .carry = attempt.spent.carry,
                               .purpose = owner.purpose,
                               .kind = owner.kind};
  if (attempt.wish.urgency == Urgency::Must) parts_.gates.spend(attempt.grant.provider);
  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  auto answer = attempt.provider.refresh(request);
  receipt.received = parts_.clock.now();
  if (answer && answer->accessToken.empty())
    answer = Error{.kind = ErrorKind::Malformed, .message = "No access token in the answer."};
  parts_.gates.ended(attempt.grant.provider, attempt.grant.id, answer ? nullptr : &answer.error());
  return answer ? keep(attempt, *answer, receipt) : failed(attempt, answer.error());
}

Refresher::Outcome Refresher::keep(Attempt& attempt, const TokenSet& answer, const Receipt& receipt) {
  auto fresh = tokensFrom(answer, receipt, attempt.spent.scopes, attempt.provider.accessTtlDefault());
  if (fresh.refresh.empty()) {
    fresh.refresh = attempt.spent.refresh;
    if (!fresh.refreshExpiresAt) fresh.refreshExpiresAt = attempt.spent.refreshExpiresAt;
  }
  if (fresh.carry.empty()) fresh.carry = attempt.spent.carry;
  const auto outcome = parts_.unsaved.store({attempt.grant, attempt.spent, fresh});
  parts_.log.write(LogLevel::Info, "token_refreshed",
                   {{"grant", attempt.grant.id},
                    {"provider", attempt.grant.provider},
                    {"stored", outcome == StoreOutcome::Stored ? "yes" : "no"},
                    {"request", attempt.wish.requestId}});
  switch (outcome) {
    case StoreOutcome::Superseded:
      return Outcome(std::nullopt);
    case StoreOutcome::Revoked:
      return notAuthenticated();
    default:
      return Outcome(std::move(fresh));
  }
}

RefreshFailure Refresher::failureOf(const Attempt& attempt, const std::string& word,
                                    const Error& error) const {
  const auto now = parts_.clock.now();
  const auto wait = backoff(attempt.grant.failures + 1, jitter(parts_.random), error.retryAfter);
  // An intent that was open before stays open: this answer says nothing about what became of that request.
  return {.error = word,
          .at = now,
          .retryNotBefore = now + wait,
          .intentSettled = settled(error) && attempt.grant.openIntents <= 1};
}

Refresher::Outcome Refresher::failed(Attempt& attempt, const Error& error) {
  if (error.kind == ErrorKind::GrantDead) return died(attempt, error);
  if (error.kind == ErrorKind::Unsupported && attempt.spent.refresh.empty()) {
    const bool living = livesFor(attempt.grant.tokens, parts_.clock.now(), seconds(1));
    if (!living || attempt.wish.urgency == Urgency::Due) return endDead(attempt, word::kRefreshFailed);
    release(attempt);
    return error;  // a token of which there is no newer one is none the worse for it
  }
  auto told = providerFailure(error, attempt.provider.displayName());
  const auto failure = failureOf(attempt, told.code, error);
  told.retryAfter = std::chrono::ceil<seconds>(*failure.retryNotBefore - failure.at);
  const bool operators = told.kind == ErrorKind::BadClient;
  parts_.log.write(operators ? LogLevel::Error : LogLevel::Warning, "refresh_failed",
                   {{"grant", attempt.grant.id},
                    {"provider", attempt.grant.provider},
                    {"kind", toString(error.kind)},
                    {"error", told.code},
                    {"detail", told.detail},
                    {"failures", std::to_string(attempt.grant.failures + 1)},
                    {"retry_after", std::to_string(told.retryAfter.count())},
                    {"request", attempt.wish.requestId}});
  record(attempt, failure);
  return told;
}

// The provider does not accept the token any more: perhaps because another one has spent it and stored its
// successor.
Refresher::Outcome Refresher::died(Attempt& attempt, const Error& error) {
  const auto row = parts_.storage.findGrantById(attempt.grant.id);
  if (!row) return storageFailure(row.error());
  if (!*row) return notAuthenticated();
  const auto stored = openTokens(parts_.vault, **row);
  if (!stored) return storageFailure(stored.error());
  if (!(stored->refresh == attempt.spent.refresh) || !(stored->access == attempt.spent.access)) {
    release(attempt);
    return Outcome(std::nullopt);
  }
  attempt.grant.version = (*row)->version;
  const bool interrupted = attempt.grant.openIntents > 1;
  return endDead(attempt, interrupted ? word::kInterrupted : word::kRefreshFailed, &error);
}

Refresher::Outcome Refresher::endDead(Attempt& attempt, const std::string& reason, const Error* told) {
  const auto ended = endWith(attempt, {.error = reason,
                                       .at = parts_.clock.now(),
                                       .retryNotBefore = {},
                                       .dead = true,
                                       .intentSettled = true,
                                       .challenge = told ? challengeIn(*told) : std::string()});
  // Whoever took the lease meanwhile decides.
  if (!ended && ended.error().kind == ErrorKind::Conflict) {
    countLease(parts_.metrics, attempt.grant.provider, LeaseEvent::Lost);
    return Outcome(std::nullopt);
  }
  if (!ended) return storageFailure(ended.error());
  const auto row = parts_.storage.findGrantById(attempt.grant.id);
  if (row && *row && (*row)->status != GrantStatus::NeedsConsent) return Outcome(std::nullopt);
  parts_.log.write(LogLevel::Warning, "grant_dead",
                   {{"grant", attempt.grant.id},
                    {"provider", attempt.grant.provider},
                    {"reason", reason},
                    {"detail", told ? wordsOf(*told) : std::string()},
                    {"request", attempt.wish.requestId}});
  recordAudit(
      parts_.storage, parts_.log,
      {.at = parts_.clock.now(),
       .event = "grant_dead",
       .requestId = attempt.wish.requestId,
       .keyId = {},
       .provider = attempt.grant.provider,
       .profile = attempt.grant.profile,
       .outcome = reason,
       .note = reason == word::kInterrupted
                   ? "A renewal was interrupted; the provider does not accept the stored token any more."
                   : "The provider does not accept the stored token any more."});
  return consentNeeded(reason);
}

Result<void> Refresher::endWith(const Attempt& attempt, const RefreshFailure& failure) {
  return parts_.storage.endRefresh(attempt.grant.id, attempt.lease, attempt.grant.version, failure);
}

// What cannot be recorded is not lost: the lease ends by itself and its intent stays open.
void Refresher::record(const Attempt& attempt, const RefreshFailure& failure) {
  const auto ended = endWith(attempt, failure);
  if (ended) return;
  if (ended.error().kind == ErrorKind::Conflict)
    countLease(parts_.metrics, attempt.grant.provider, LeaseEvent::Lost);
  parts_.log.write(LogLevel::Warning, "refresh_outcome_not_stored",
                   {{"grant", attempt.grant.id}, {"kind", toString(ended.error().kind)}});
}

// The provider was not asked. A lease that is lost, or cannot be given back, has ended or ends by itself.
void Refresher::release(const Attempt& attempt) {
  const auto released = parts_.storage.releaseLease(attempt.grant.id, attempt.lease);
  if (!released && released.error().kind == ErrorKind::Conflict)
    countLease(parts_.metrics, attempt.grant.provider, LeaseEvent::Lost);
}

}  // namespace agw
