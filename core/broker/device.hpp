#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/consent_finisher.hpp"
#include "broker/consent_request.hpp"
#include "broker/revoke.hpp"
#include "broker/workers.hpp"
#include "crypto/vault.hpp"
#include "domain/caller.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// What a person needs who consents on another device.
struct DeviceAuthorization {
  std::string userCode;
  std::string verificationUri;
  std::string verificationUriComplete;  ///< with the code in it; empty: the provider makes none
  std::string sessionId;
  TimePoint expiresAt;
  std::chrono::seconds interval{5};  ///< how often a look at the flow's status is worth while
};

/// Consent on another device (RFC 8628): a code and an address to start with, then the gateway asks the
/// provider until the person has decided or the code's time is over.
///
/// The device code is sealed in the flow's row and leaves the gateway only to the provider. Each question is
/// claimed in the row first: of all replicas one asks, and when it dies another goes on half a minute later.
/// One object a process; safe to call from many threads.
class DeviceService {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
  };
  explicit DeviceService(Parts parts);

  /// The caller's permission is the endpoint's to check. `InvalidRequest` (field `provider`) where the
  /// provider has no device flow, and under `identity: confirm`: a device shows nobody a code that the person
  /// who started the flow does not see as well.
  [[nodiscard]] Result<DeviceAuthorization> begin(const ConsentRequest& request, const Caller& caller);

  /// One round: claims the flows that may be asked about now and asks, on threads of its own. Does not wait
  /// for them.
  Result<void> poll();

  /// True once no question is under way, false when that takes longer than `limit`.
  bool drain(std::chrono::milliseconds limit);

 private:
  void ask(Flow flow, TimePoint claimedUntil);
  void goOn(const Flow& flow, const Result<DevicePoll>& answer);
  void finish(Flow& flow, Provider& provider, const TokenSet& tokens, const Receipt& receipt);
  bool take(Flow& flow);

  Parts parts_;
  ConsentFinisher finisher_;
  Workers workers_;
};

}  // namespace agw
