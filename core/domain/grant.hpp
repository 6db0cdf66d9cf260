#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "domain/provider.hpp"

namespace agw {

/// A ciphertext of the vault, bound to the row and column it was made for.
using Sealed = std::string;

/// Counts the writes of a row's tokens. 0 never occurs in storage: it means "must not exist yet".
using Version = std::int64_t;

enum class GrantStatus {
  Active,
  NeedsConsent,  ///< dead: `lastError` says why; only a new consent cures it
};

/// The tokens of a grant as stored.
struct SealedTokens {
  Sealed accessToken;
  Sealed refreshToken;                       ///< empty: none
  Sealed carry;                              ///< empty: none
  TimePoint issuedAt;                        ///< when the access token was received
  std::optional<TimePoint> accessExpiresAt;  ///< absent: the token has no end
  std::optional<TimePoint> refreshExpiresAt;
  Scopes scopes;
};

/// Who may refresh a grant now. `fence` counts the leases of a row up; a holder whose fence is not the row's
/// any more has lost the lease.
struct Lease {
  std::string owner;  ///< one replica's one attempt
  std::int64_t fence = 0;
};

/// What one consent gave, of a user at a provider. A row of `oauth_credentials`.
struct Grant {
  std::string id;        ///< UUID
  std::string profile;   ///< the user's e-mail, canonical (`canonicalEmail`)
  std::string provider;  ///< provider entry id
  std::string issuer;
  std::string
      subject;  ///< the provider's stable id of the account that consented; empty under `identity: none`
  SealedTokens tokens;
  GrantStatus status = GrantStatus::Active;
  Version version = 0;
  TimePoint createdAt;    ///< first consent
  TimePoint consentedAt;  ///< latest consent
  TimePoint updatedAt;

  // The story of its refreshes.
  std::int64_t fence = 0;
  /// Refreshes begun whose outcome is not recorded: more than 0 on a grant that nobody holds means that a
  /// process died between its request and the store, and the refresh token may be spent.
  int openIntents = 0;
  int failures = 0;       ///< since the last success
  std::string lastError;  ///< an API error word; empty after a success
  /// What the provider wants the next consent's link to carry, in the plugin's words; empty: nothing. A dead
  /// grant's only.
  std::string challenge;
  std::optional<TimePoint> lastAttemptAt;
  std::optional<TimePoint> retryNotBefore;  ///< back-off: no attempt before this moment
};

// ---- rules, pure
// ----------------------------------------------------------------------------------------------

/// Whether an access token that ends at `end` lives for `ttl` more. A token without end always does.
[[nodiscard]] bool livesFor(const std::optional<TimePoint>& end, TimePoint now, std::chrono::seconds ttl);
[[nodiscard]] inline bool livesFor(const SealedTokens& tokens, TimePoint now, std::chrono::seconds ttl) {
  return livesFor(tokens.accessExpiresAt, now, ttl);
}

/// When the access token should be renewed: `buffer` before its end, but never in the first half of its life,
/// so that a token which lives less than the buffer is not renewed at every read. Absent: it has no end.
[[nodiscard]] std::optional<TimePoint> refreshDueAt(TimePoint issuedAt, const std::optional<TimePoint>& end,
                                                    std::chrono::seconds buffer);
[[nodiscard]] inline std::optional<TimePoint> refreshDueAt(const SealedTokens& tokens,
                                                           std::chrono::seconds buffer) {
  return refreshDueAt(tokens.issuedAt, tokens.accessExpiresAt, buffer);
}

/// When the renewal schedule looks at new tokens for the first time: the earliest moment at which any
/// provider's token may be due. Tokens without end: after a day.
[[nodiscard]] TimePoint firstLookAt(const SealedTokens& tokens);

/// When what renews the grant has to be used, so that it does not end unused: after three quarters of the
/// shorter of its own life and `facts.idleTtl`. Where access tokens renew themselves that is the access
/// token. Absent: it does not end, or there is none.
[[nodiscard]] std::optional<TimePoint> keepAliveAt(const SealedTokens& tokens, const RefreshFacts& facts);

/// Pause before attempt `failures + 1`: doubles from 1 s to 5 min, with `jitter` in [0, 1) spreading its
/// second half; a provider's Retry-After wins when it is longer.
[[nodiscard]] std::chrono::seconds backoff(int failures, double jitter, std::chrono::seconds retryAfter);

/// Lower-cased address when it is one (at most 254 characters, the project's pattern); nothing else is an
/// owner.
[[nodiscard]] std::optional<std::string> canonicalEmail(std::string_view email);

/// The address as it may be shown to whoever holds a link: `a***@company.com`.
[[nodiscard]] std::string maskedEmail(std::string_view email);

/// The scopes of `asked` that `granted` lacks, in the order asked.
[[nodiscard]] Scopes missingScopes(const Scopes& asked, const Scopes& granted);

}  // namespace agw
