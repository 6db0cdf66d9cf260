#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "crypto/vault.hpp"
#include "domain/install_flow.hpp"
#include "domain/installation_record.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// One of the tokens that an install's consent gave.
struct ConsentedToken {
  std::string kind;
  PlainTokens tokens;
  std::string issuer;
  std::string subject;  ///< empty: the provider did not say whose it is
};

/// What an install's consent gave.
struct InstallConsent {
  std::string id;  ///< UUID
  std::vector<ConsentedToken> tokens;
  std::vector<InstallationFacts> organisations;
};

/// Puts what an install's consent gave into its rows, or gives it back to the provider. Safe to call from
/// many threads.
class InstallWriter {
 public:
  struct Parts {
    Storage& storage;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
  };
  explicit InstallWriter(Parts parts);

  /// Stores organisations and tokens in one write. Tokens that no organisation keeps, because the provider
  /// makes others, go back to the provider. When it fails, all of them do, except while nobody can say
  /// whether the write was carried out: then `settle` finds out.
  [[nodiscard]] Result<std::vector<Installation>> store(const InstallFlow& flow,
                                                        const InstallConsent& consent);

  /// Has the provider revoke the tokens, as far as nobody else's would end with them.
  void discard(const InstallFlow& flow, const InstallConsent& consent);

  /// One round over the writes whose answer was lost.
  void settle();

 private:
  struct Undecided {
    InstallFlow flow;
    InstallConsent consent;
    TimePoint since;
  };
  [[nodiscard]] Result<std::vector<Grant>> grantsOf(const InstallFlow& flow, const InstallConsent& consent);
  [[nodiscard]] Result<std::vector<Installation>> rowsOf(const InstallFlow& flow,
                                                         const InstallConsent& consent);
  /// Nothing while the store is away.
  [[nodiscard]] std::optional<std::vector<Installation>> held(const InstallFlow& flow,
                                                              const InstallConsent& consent);

  Parts parts_;
  std::mutex mutex_;
  std::vector<Undecided> undecided_;
};

}  // namespace agw
