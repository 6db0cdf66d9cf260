#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "broker/seal.hpp"
#include "crypto/vault.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Whether the grant that is there belongs to another account than the one that consented. A grant whose
/// account was never told belongs to nobody else.
[[nodiscard]] bool isAnothersGrant(const Grant& grant, const PendingConsent& consent);

/// Puts what a consent gave into its row: a new one, or in place of the grant that is there.
/// Safe to call from many threads.
class GrantWriter {
 public:
  GrantWriter(Storage& storage, const Vault& vault, const Clock& clock, Random& random);

  enum class Outcome {
    Stored,
    OtherSubject,  ///< the grant that is there is another account's; nothing changed
    Occupied,      ///< a living grant is there, and stays
    NotStored,     ///< certainly nothing changed
    Unknown,       ///< the store went away during the write
  };
  /// What becomes of a grant that is there and lives.
  enum class Living { Replaced, Kept };
  /// `policy` None stores without comparing accounts.
  [[nodiscard]] Outcome store(const Flow& flow, const PendingConsent& consent, IdentityPolicy policy,
                              Living living = Living::Replaced);

  /// Whether the row holds this consent's tokens; with `since`, also whatever a consent from then on led to.
  /// Nothing while the store is away.
  [[nodiscard]] std::optional<bool> holds(const Flow& flow, const PendingConsent& consent,
                                          std::optional<TimePoint> since = {});

 private:
  [[nodiscard]] Result<Grant> grantOf(const Flow& flow, const PendingConsent& consent,
                                      const std::optional<Grant>& existing);

  Storage& storage_;
  const Vault& vault_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace agw
