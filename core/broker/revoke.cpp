#include "broker/revoke.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "broker/audit_trail.hpp"
#include "broker/errors.hpp"
#include "broker/seal.hpp"

namespace agw {
namespace {

using std::chrono::seconds;

/// A new row waits this long before the queue takes it: whoever wrote it tries first.
constexpr seconds kOwnTry{60};
constexpr seconds kClaim{60};
constexpr seconds kLongestPause{3600};
constexpr int kBatch = 50;
constexpr int kLooks = 5;
constexpr std::size_t kMostForgotten = 10'000;

seconds pauseAfter(int attempts, seconds retryAfter) {
  constexpr int kLongestExponent = 7;
  const seconds pause = seconds(30) * (1 << std::clamp(attempts, 0, kLongestExponent));
  return std::min(kLongestPause, std::max(pause, retryAfter));
}

/// Others of its revocations would fare alike.
bool isAway(const Error& error) {
  return error.kind == ErrorKind::Transient || error.kind == ErrorKind::RateLimited;
}

std::string untilWhen(const SealedTokens& tokens) {
  return tokens.accessExpiresAt ? "until " + toRfc3339(*tokens.accessExpiresAt) : "without an end";
}

}  // namespace

RevokeService::RevokeService(Parts parts) : parts_(parts) {}

Result<PendingRevocation> RevokeService::makePending(const std::string& provider, const std::string& profile,
                                                     const std::string& subject,
                                                     const RevokeRequest& tokens) {
  auto id = newUuid(parts_.random);
  if (!id) return std::move(id).error();
  const auto now = parts_.clock.now();
  PendingRevocation pending{.id = std::move(*id),
                            .provider = provider,
                            .profile = profile,
                            .tokens = {},
                            .attempts = 0,
                            .notBefore = now + kOwnTry,
                            .createdAt = now};
  auto sealed = sealCondemned(parts_.vault, pending, {.tokens = tokens, .subject = subject});
  if (!sealed) return std::move(sealed).error();
  pending.tokens = std::move(*sealed);
  return pending;
}

// A grant whose tokens cannot be read must still be possible to remove: then there is nothing to tell the
// provider.
Result<PendingRevocation> RevokeService::prepare(const Grant& grant, const std::string& requestId) {
  const auto tokens = openTokens(parts_.vault, grant);
  if (tokens) {
    return makePending(grant.provider, grant.profile, grant.subject,
                       {tokens->access, tokens->refresh, tokens->carry});
  }
  parts_.log.write(LogLevel::Error, "integrity_error",
                   {{"grant", grant.id}, {"provider", grant.provider}, {"request", requestId}});
  return makePending(grant.provider, grant.profile, grant.subject, {});
}

Result<PendingRevocation> RevokeService::prepareUninstall(const Installation& installation) {
  RevokeRequest request;
  request.orgId = installation.orgId;
  request.installationId = installation.installationId;
  return makePending(installation.provider, installationOwner(installation.consentId, {}), {}, request);
}

Result<RevokeOutcome> RevokeService::revoke(const std::string& provider, const std::string& profile,
                                            const std::string& keyId, const std::string& requestId) {
  bool mayBeGone = false;
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto found = parts_.storage.findGrant(provider, profile);
    if (!found) return storageFailure(found.error());
    if (!*found && !mayBeGone) {
      return Error{.kind = ErrorKind::NotFound,
                   .message = "There is no grant of this user at this provider.",
                   .code = "not_found"};
    }
    RevokeOutcome outcome{.atProvider = false, .note = "The provider is told in the background."};
    if (*found) {
      const Grant& grant = **found;
      const auto pending = prepare(grant, requestId);
      if (!pending) return storageFailure(pending.error());
      const auto removed = parts_.storage.revokeGrant(grant.id, grant.version, *pending);
      if (!removed && removed.error().kind == ErrorKind::Transient && !mayBeGone) {
        mayBeGone = true;  // the answer to the write may have been lost
        continue;
      }
      if (!removed && removed.error().kind == ErrorKind::Transient) return storageFailure(removed.error());
      if (!removed) continue;
      outcome = tell(*pending);
      if (!outcome.atProvider)
        outcome.note += " The access token lives there " + untilWhen(grant.tokens) + ".";
    }
    recordAudit(parts_.storage, parts_.log,
                {.at = parts_.clock.now(),
                 .event = "grant_revoked",
                 .requestId = requestId,
                 .keyId = keyId,
                 .provider = provider,
                 .profile = profile,
                 .outcome = "ok",
                 .note = outcome.note});
    return outcome;
  }
  return overloaded();
}

// Asks the provider, once. A success says that the row is done with.
Result<RevokeOutcome> RevokeService::attempt(const PendingRevocation& pending) {
  const auto provider = parts_.providers.find(pending.provider);
  if (!provider) return provider.error();
  const auto& name = (*provider)->displayName();
  if (!(*provider)->capabilities().revoke) return RevokeOutcome{false, name + " offers no revocation."};
  auto condemned = openCondemned(parts_.vault, pending);
  if (!condemned) return storageFailure(std::move(condemned).error());
  auto& tokens = condemned->tokens;
  const auto owner = ownerOf(pending.profile);
  tokens.purpose = owner.purpose;
  tokens.kind = owner.kind;
  if (tokens.accessToken.empty() && tokens.refreshToken.empty() && tokens.orgId.empty()) {
    return RevokeOutcome{false, "The stored tokens could not be read, so " + name + " was not told."};
  }
  if ((*provider)->capabilities().revokesAccount && !condemned->subject.empty()) {
    const auto others = parts_.storage.countOtherGrants(pending.provider, condemned->subject, {});
    if (!others) return others.error();
    if (*others > 0) {
      return RevokeOutcome{
          false,
          name + " would end all grants of this account, and others of them are in use; it was not told."};
    }
  }
  const auto revoked = (*provider)->revoke(tokens);
  if (revoked) return RevokeOutcome{true, {}};
  if (revoked.error().kind == ErrorKind::Unsupported)
    return RevokeOutcome{false, name + " offers no revocation."};
  return revoked.error();
}

RevokeOutcome RevokeService::tell(const PendingRevocation& pending) {
  auto outcome = settle(pending);
  if (outcome) return std::move(*outcome);
  return {false, "The provider did not take the revocation yet; the gateway keeps trying."};
}

// Asks the provider, once, and then the row goes or waits for the next try.
Result<RevokeOutcome> RevokeService::settle(const PendingRevocation& pending) {
  auto outcome = attempt(pending);
  if (outcome) {
    if (!parts_.storage.deleteRevocation(pending.id)) {
      parts_.log.write(LogLevel::Warning, "revocation_row_left", {{"revocation", pending.id}});
    }
    return outcome;
  }
  const auto& error = outcome.error();
  parts_.log.write(LogLevel::Warning, "revocation_postponed",
                   {{"revocation", pending.id},
                    {"provider", pending.provider},
                    {"kind", toString(error.kind)},
                    {"attempts", std::to_string(pending.attempts + 1)}});
  const auto notBefore = parts_.clock.now() + pauseAfter(pending.attempts, error.retryAfter);
  if (!parts_.storage.postponeRevocation(pending.id, notBefore)) {
    parts_.log.write(LogLevel::Warning, "revocation_row_left", {{"revocation", pending.id}});
  }
  return outcome;
}

void RevokeService::discard(const std::string& provider, const std::string& profile,
                            const std::string& subject, const RevokeRequest& tokens) {
  const auto queued = queueDiscarded(provider, profile, subject, tokens);
  if (queued) tell(*queued);
}

std::optional<PendingRevocation> RevokeService::queueDiscarded(const std::string& provider,
                                                               const std::string& profile,
                                                               const std::string& subject,
                                                               const RevokeRequest& tokens) {
  std::string account = subject;
  if (account.empty()) {
    const auto stored = parts_.storage.findGrant(provider, profile);
    if (stored && *stored) account = (*stored)->subject;
  }
  const auto entry = parts_.providers.find(provider);
  if (account.empty() && (!entry || (*entry)->capabilities().revokesAccount)) {
    // Nobody knows whose they are: to revoke them could end other people's grants.
    parts_.log.write(LogLevel::Warning, "tokens_forgotten",
                     {{"provider", provider}, {"profile", loggedEmail(profile)}});
    return std::nullopt;
  }
  const auto pending = makePending(provider, profile, account, tokens);
  if (!pending) {
    parts_.log.write(LogLevel::Error, "discarded_tokens_lost",
                     {{"provider", provider}, {"profile", loggedEmail(profile)}});
    return std::nullopt;
  }
  if (parts_.storage.queueRevocation(*pending)) return *pending;
  if (attempt(*pending)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (unqueued_.size() < kMostForgotten) unqueued_.push_back(*pending);
  parts_.log.write(LogLevel::Error, "revocation_not_queued",
                   {{"revocation", pending->id}, {"provider", provider}});
  return std::nullopt;
}

void RevokeService::queueForgotten() {
  std::vector<PendingRevocation> rows;
  {
    const std::lock_guard lock(mutex_);
    rows.swap(unqueued_);
  }
  for (auto& row : rows) {
    const auto queued = parts_.storage.queueRevocation(row);
    // Conflict: an earlier try was stored and its answer lost.
    if (queued || queued.error().kind == ErrorKind::Conflict) continue;
    const std::lock_guard lock(mutex_);
    unqueued_.push_back(std::move(row));
  }
}

Result<void> RevokeService::retryPending() {
  if (ending_) return {};
  queueForgotten();
  const auto claimed = parts_.storage.claimRevocations(parts_.clock.now(), kClaim, kBatch);
  if (!claimed) return storageFailure(claimed.error());
  std::set<std::string> away;
  for (const auto& pending : *claimed) {
    if (ending_) break;
    if (away.contains(pending.provider)) continue;  // its turn comes again when the claim is over
    const auto told = settle(pending);
    if (!told && isAway(told.error())) away.insert(pending.provider);
  }
  return {};
}

}  // namespace agw
