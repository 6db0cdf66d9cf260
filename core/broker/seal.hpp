#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/vault.hpp"
#include "domain/flow.hpp"
#include "domain/grant.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// The tokens of a grant in the open, for as long as somebody works with them.
struct PlainTokens {
  Secret access;
  Secret refresh;  ///< empty: none
  Secret carry;    ///< empty: none
  TimePoint issuedAt;
  std::optional<TimePoint> accessExpiresAt;
  std::optional<TimePoint> refreshExpiresAt;
  Scopes scopes;
};

/// When something came: `sent` is the moment before the request left. Lives are counted from there, so that a
/// slow answer never makes a token look younger than the provider knows it.
struct Receipt {
  TimePoint sent;
  TimePoint received;
};

/// What an answer means: the default life where it names none, the scopes of `asked` where it names none.
/// Lives beyond ten years are ten years.
[[nodiscard]] PlainTokens tokensFrom(const TokenSet& answer, const Receipt& receipt, const Scopes& asked,
                                     std::optional<std::chrono::seconds> ttlDefault);

/// Seals for the row of `grant` (its id, provider and profile), empty texts as empty.
[[nodiscard]] Result<SealedTokens> sealTokens(const Vault& vault, const Grant& grant,
                                              const PlainTokens& tokens);
/// `Integrity` when one of them was not sealed for this row.
[[nodiscard]] Result<PlainTokens> openTokens(const Vault& vault, const Grant& grant);
/// The access token alone: what a read needs.
[[nodiscard]] Result<Secret> openAccessToken(const Vault& vault, const Grant& grant);
/// The refresh token alone; empty when there is none.
[[nodiscard]] Result<Secret> openRefreshToken(const Vault& vault, const Grant& grant);

/// A consent that waits for its confirmation.
struct PendingConsent {
  PlainTokens tokens;
  std::string issuer;
  std::string subject;
};
[[nodiscard]] Result<Sealed> sealPending(const Vault& vault, const Flow& flow, const PendingConsent& consent);
[[nodiscard]] Result<PendingConsent> openPending(const Vault& vault, const Flow& flow);

/// Tokens that must not live, and whose they are.
struct Condemned {
  RevokeRequest tokens;
  std::string subject;
};
[[nodiscard]] Result<Sealed> sealCondemned(const Vault& vault, const PendingRevocation& row,
                                           const Condemned& condemned);
[[nodiscard]] Result<Condemned> openCondemned(const Vault& vault, const PendingRevocation& row);

}  // namespace agw
