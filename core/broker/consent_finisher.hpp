#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/grant_writer.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "crypto/vault.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// The last steps of a user's consent, whichever way its tokens came: who consented, the grant's row, the
/// flow's end, and what becomes of tokens that may not live. Safe to call from many threads.
class ConsentFinisher {
 public:
  struct Parts {
    Storage& storage;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
  };
  explicit ConsentFinisher(Parts parts);

  /// `answer` is what the provider gave for `flow`, which is Exchanging. The account that consented is
  /// compared with the one that was asked for, as the entry's policy says, and goes into `flow.account`,
  /// masked. On an error the tokens are discarded and the flow has failed.
  [[nodiscard]] Result<PendingConsent> accept(Flow& flow, Provider& provider, const TokenSet& answer,
                                              const Receipt& receipt, const std::string& nonce,
                                              const std::string& requestId);

  /// Stores the consent of a flow that is Exchanging, and ends the flow. What cannot be stored is discarded;
  /// where that is not known yet, `settle` finds out later.
  Result<void> conclude(Flow& flow, const PendingConsent& consent, IdentityPolicy policy,
                        const std::string& requestId);

  /// Discards the tokens and ends a flow that is Exchanging as failed.
  void refuse(Flow& flow, const PendingConsent& consent, const Error& error, const std::string& requestId);
  /// Ends a flow as failed, with the word of `error`.
  void fail(Flow& flow, FlowStatus from, const Error& error, const std::string& requestId);
  /// False while the store is away: the flow may be as it was.
  bool endFlow(Flow& flow, FlowStatus from, FlowStatus to, const std::string& error);
  /// Tokens of a consent that is stored nowhere: revoked at the provider.
  void discard(const Flow& flow, const PendingConsent& consent);
  /// The same without waiting for the provider.
  void queueDiscarded(const Flow& flow, const PendingConsent& consent);

  /// A line of the audit log about a flow.
  void record(const Flow& flow, const char* event, const std::string& outcome, const std::string& requestId,
              const std::string& keyId = {});

  /// The flow after a write whose answer was lost; nothing while the store is away.
  [[nodiscard]] std::optional<Flow> readAgain(const Flow& flow);
  /// A consent during whose storing the store went away, or whose flow could not be ended, since then.
  void keepUndecided(const Flow& flow, const PendingConsent& consent, TimePoint since);
  /// One round over the undecided: stored, and the flow is completed; not stored, and the tokens are revoked.
  void settle();

 private:
  struct Undecided {
    Flow flow;
    PendingConsent consent;
    TimePoint since;
  };
  std::optional<Error> identify(Flow& flow, Provider& provider, const TokenSet& answer,
                                const std::string& nonce, PendingConsent& consent);
  bool settle(Undecided& undecided);

  Parts parts_;
  GrantWriter writer_;
  std::mutex mutex_;
  std::vector<Undecided> undecided_;
};

}  // namespace agw
