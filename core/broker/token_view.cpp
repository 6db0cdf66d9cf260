#include "broker/token_view.hpp"

#include <algorithm>
#include <utility>

#include "broker/clock_jumps.hpp"
#include "broker/errors.hpp"
#include "broker/refresh.hpp"

namespace agw {

TokenView::TokenView(Parts parts) : parts_(std::move(parts)) {
  const auto& [request, provider, settings, grant, kept, now] = parts_;
  const auto asked = std::max(kAlive, request.minTtl.value_or(settings.defaultMinTtl));
  const auto end = expiresAt();
  const bool justIssued = issuedAt() <= now && now - issuedAt() < kJustIssued;
  enough_ = livesFor(end, now, asked);
  current_ = livesFor(end, now, kAlive) && (justIssued || (enough_ && !request.forceRefresh));
  const auto dueAt = refreshAfter(issuedAt(), end);
  // Under a clock that has gone back since, nobody knows when the token ends.
  due_ = dueAt && (*dueAt <= now || clockWentBack(issuedAt(), now));
}

const Scopes& TokenView::scopes() const {
  return parts_.kept ? parts_.kept->scopes : grant().tokens.scopes;
}
std::optional<TimePoint> TokenView::expiresAt() const {
  return parts_.kept ? parts_.kept->accessExpiresAt : grant().tokens.accessExpiresAt;
}
TimePoint TokenView::issuedAt() const {
  return parts_.kept ? parts_.kept->issuedAt : grant().tokens.issuedAt;
}

std::optional<TimePoint> TokenView::refreshAfter(TimePoint issuedAt,
                                                 const std::optional<TimePoint>& end) const {
  auto margin = parts_.settings.refreshBuffer;
  if (parts_.provider) margin = std::max(margin, (*parts_.provider)->refreshFacts().renewBefore);
  return refreshDueAt(issuedAt, end, margin);
}

// An open intent means that somebody is at it, or that a renewal was interrupted and may have spent the
// refresh token: then the living access token is used to its end first.
bool TokenView::mayRenewBehind() const {
  return due_ && !parts_.kept && grant().status == GrantStatus::Active && parts_.provider &&
         grant().openIntents == 0 && !pauseOf(grant(), parts_.now) &&
         renewable(grant(), **parts_.provider, parts_.now);
}

std::optional<Error> TokenView::missing(const Scopes& granted) const {
  const auto& asked = parts_.request.scopes;
  if (asked.empty()) return std::nullopt;
  const auto spelled = [&](const Scopes& scopes) {
    return parts_.provider ? (*parts_.provider)->normalizeScopes(scopes) : scopes;
  };
  const auto lacking = missingScopes(spelled(asked), spelled(granted));
  if (lacking.empty()) return std::nullopt;
  return lacksScopes(granted, lacking);
}

std::optional<Error> TokenView::refusal() const {
  const auto now = parts_.now;
  if (grant().status == GrantStatus::NeedsConsent) return consentNeeded(grant().lastError);
  if (!parts_.provider) return parts_.provider.error();
  if (const auto pause = pauseOf(grant(), now)) return backingOff(grant().lastError, *pause);
  const bool alive = livesFor(grant().tokens, now, kAlive);
  if (!alive || renewable(grant(), **parts_.provider, now)) return std::nullopt;
  if (!enough_) return consentNeeded(word::kRefreshFailed);
  return Error{.kind = ErrorKind::Unsupported, .message = "This grant's token cannot be renewed."};
}

}  // namespace agw
