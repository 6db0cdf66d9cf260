#include "broker/renewal_schedule.hpp"

#include <algorithm>
#include <functional>

#include "broker/token_view.hpp"

namespace agw {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Longer than a claimed grant waits for its turn and its lease.
constexpr seconds kClaim{30};
constexpr std::chrono::hours kLookAgain{7 * 24};
constexpr std::chrono::hours kLately{7 * 24};
constexpr std::size_t kBatch = 256;
constexpr int kBatches = 20;  // a round, so that it comes to its end

// Grants that were made together come at different times, each always at the same one: before `at`, by a part
// of `most`.
TimePoint spread(TimePoint at, const std::string& grantId, milliseconds most) {
  constexpr std::size_t kParts = 1024;
  const auto part = static_cast<milliseconds::rep>(std::hash<std::string>{}(grantId) % kParts);
  return at - most * part / static_cast<milliseconds::rep>(kParts);
}

}  // namespace

Result<void> RenewalSchedule::round() {
  auto outcome = noteReads();
  for (const auto& status : parts_.providers.list()) {
    const auto provider = parts_.providers.find(status.id);
    if (!provider || (*provider)->config().refresh.proactive == Proactive::Off) continue;
    if (auto served = serve(**provider); !served) outcome = std::move(served);
  }
  return outcome;
}

Result<void> RenewalSchedule::noteReads() {
  const auto ids = parts_.reads.take();
  Result<void> outcome;
  for (std::size_t at = 0; at < ids.size(); at += kBatch) {
    const std::vector<std::string> some(
        ids.begin() + static_cast<std::ptrdiff_t>(at),
        ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, ids.size())));
    if (auto noted = parts_.storage.markRead(some, parts_.clock.now()); !noted) {
      parts_.reads.forget(some);
      outcome = std::move(noted);
    }
  }
  return outcome;
}

Result<void> RenewalSchedule::serve(const Provider& provider) {
  for (int batch = 0; batch < kBatches; ++batch) {
    const auto limit = std::min(kBatch, parts_.tokens.renewalRoom(provider));
    if (limit == 0) return {};
    const auto now = parts_.clock.now();
    const auto due =
        parts_.storage.claimDueGrants(provider.config().id, now, kClaim, static_cast<int>(limit));
    if (!due) return due.error();
    std::vector<Postponement> postponed;
    bool room = true;
    for (const auto& each : *due) {
      auto until = later(each, provider);
      if (!until && !parts_.tokens.renewBehind(each.grant)) {
        room = false;
        until = now;  // the next round's
      }
      if (until) postponed.push_back({each.grant.id, each.grant.version, *until});
    }
    if (!postponed.empty()) {
      if (auto moved = parts_.storage.postponeRenewals(postponed); !moved) return moved;
    }
    if (!room || due->size() < limit) return {};
  }
  return {};
}

// When the grant's time really comes; nothing when it has come.
std::optional<TimePoint> RenewalSchedule::later(const DueGrant& due, const Provider& provider) const {
  const Grant& grant = due.grant;
  const auto& tokens = grant.tokens;
  const auto facts = provider.refreshFacts();
  const auto now = parts_.clock.now();
  const bool renewsItself = tokens.refreshToken.empty() && facts.renewBefore > seconds(0);
  if (!provider.capabilities().refresh || (tokens.refreshToken.empty() && !renewsItself)) {
    return now + kLookAgain;
  }
  std::optional<TimePoint> at;
  if (const auto end = keepAliveAt(tokens, facts)) at = spread(*end, grant.id, (*end - tokens.issuedAt) / 10);
  const auto margin = std::max(parts_.settings.refreshBuffer, facts.renewBefore);
  const bool wanted = provider.config().refresh.proactive == Proactive::All || readLately(due);
  if (const auto renewal = refreshDueAt(tokens, margin); wanted && renewal) {
    // Never in the first half of its life.
    const auto most = std::min<milliseconds>(margin / 2, *renewal - firstLookAt(tokens));
    const auto early = spread(*renewal, grant.id, most);
    at = at ? std::min(*at, early) : early;
  }
  const bool lives = livesFor(tokens, now, kAlive);
  if (grant.openIntents > 0 && lives) at = tokens.accessExpiresAt;  // law 4
  if (!at) return now + kLookAgain;
  if (grant.retryNotBefore) at = std::max(*at, *grant.retryNotBefore);
  return *at > now ? at : std::nullopt;
}

bool RenewalSchedule::readLately(const DueGrant& due) const {
  const auto& grant = due.grant;
  return std::max(due.readAt.value_or(grant.consentedAt), grant.consentedAt) >= parts_.clock.now() - kLately;
}

}  // namespace agw
