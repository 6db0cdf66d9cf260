#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/provider_gates.hpp"
#include "broker/renewal_meter.hpp"
#include "broker/seal.hpp"
#include "broker/settings.hpp"
#include "broker/unsaved.hpp"
#include "crypto/vault.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Renews grants: lease, provider, conditional write, and what to make of every way in which these end. One
/// object a process; the caller sees to it that a grant is renewed by one thread at a time. Safe to call from
/// many threads.
class Refresher {
 public:
  struct Parts {
    Storage& storage;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    UnsavedTokens& unsaved;
    ProviderGates& gates;
    Metrics& metrics;
    BrokerSettings settings;
    Pause pause;
  };
  explicit Refresher(Parts parts);

  enum class Urgency {
    Due,   ///< the access token lives on: not after an interrupted renewal, whose refresh token may be spent
    Late,  ///< it has ended, and nobody waits
    Must,  ///< a caller waits: another replica's renewal is waited for, too
  };
  struct Wish {
    Urgency urgency;
    RenewalCause cause;
    const std::string& requestId;
  };
  /// Nothing: the row is not what `seen` was any more, and nothing had to be done here. Read again.
  using Outcome = Result<std::optional<PlainTokens>>;

  /// Asks the provider for new tokens and stores them. Blocks for the provider's call, at most for
  /// `waitForRefresh` before it; a provider that is kept away from is not asked. Errors are those of
  /// `TokenService::token`.
  [[nodiscard]] Outcome renew(const Grant& seen, Provider& provider, const Wish& wish);

 private:
  struct Attempt;
  Outcome tryToRenew(const Grant& seen, Provider& provider, const Wish& wish);
  Result<Grant> lease(const Attempt& attempt);
  Outcome underLease(Attempt& attempt);
  [[nodiscard]] bool tooLate(const Attempt& attempt) const;
  Outcome ask(Attempt& attempt);
  Outcome keep(Attempt& attempt, const TokenSet& answer, const Receipt& receipt);
  Outcome failed(Attempt& attempt, const Error& error);
  Outcome died(Attempt& attempt, const Error& error);
  /// `told`: the provider's words; null: it was not asked.
  Outcome endDead(Attempt& attempt, const std::string& reason, const Error* told = nullptr);
  Result<void> endWith(const Attempt& attempt, const RefreshFailure& failure);
  void record(const Attempt& attempt, const RefreshFailure& failure);
  void release(const Attempt& attempt);
  std::optional<Outcome> waitForOther(const Attempt& attempt, std::chrono::milliseconds& waited);
  std::optional<Outcome> verdict(const Grant& row, const Grant& seen) const;
  RefreshFailure failureOf(const Attempt& attempt, const std::string& word, const Error& error) const;

  Parts parts_;
};

/// Whether there is anything to renew the grant's tokens with: a refresh token, or a living access token
/// where the provider renews those.
[[nodiscard]] bool renewable(const Grant& grant, const Provider& provider, TimePoint now);

}  // namespace agw
