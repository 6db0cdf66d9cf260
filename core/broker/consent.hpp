#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/consent_finisher.hpp"
#include "broker/consent_request.hpp"
#include "broker/open_links.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "broker/settings.hpp"
#include "crypto/vault.hpp"
#include "domain/caller.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

struct ConsentLink {
  std::string authUrl;
  std::string sessionId;
  TimePoint expiresAt;
};

/// What came back through the browser, decoded, each name at most once. Attacker's text, all of it.
struct CallbackParameters {
  std::optional<std::string> provider;  ///< from the path; absent where the path names none
  std::optional<std::string> state;
  std::optional<std::string> code;
  std::optional<std::string> issuer;  ///< `iss`, RFC 9207
  std::optional<std::string> error;
  std::string requestId;
};

/// What the person in the browser is told.
struct CallbackOutcome {
  FlowStatus status = FlowStatus::Failed;
  std::string sessionId;  ///< empty when no flow was found
  std::string provider;   ///< display name
  std::string profile;    ///< masked; the address the consent was asked for
  std::string account;    ///< masked; the account that consented
  std::string redirectAfter;
  std::string confirmationCode;  ///< AwaitingConfirmation only, shown once
  Error error;                   ///< Failed only: what happened and what to do, our words
};

/// The way of a user's grant from link to vault. One object a process; safe to call from many threads.
class ConsentService {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
    BrokerSettings settings;
  };
  explicit ConsentService(Parts parts);

  /// Makes a flow and its link. The caller's permission is the endpoint's to check.
  [[nodiscard]] Result<ConsentLink> begin(const ConsentRequest& request, const Caller& caller);

  /// The link that `begin` gave to the same key for the same request, in this process, while nobody has used
  /// it, the provider entry is as it was, and half of its life is left. Nothing when a new one is due.
  [[nodiscard]] std::optional<ConsentLink> openLink(const ConsentRequest& request, const Caller& caller);

  /// Consumes the state, exchanges the code, checks who consented, stores the grant. Whatever fails after the
  /// exchange, the new tokens are revoked at the provider and nothing is stored. Never throws; every failure
  /// is an outcome with words.
  [[nodiscard]] CallbackOutcome finish(const CallbackParameters& parameters);

  /// `NotFound` for an id that never was. An expired pending flow reads as failed with "Session expired".
  [[nodiscard]] Result<Flow> status(const std::string& sessionId);

  /// `identity: confirm`. `Forbidden` unless `caller` may consent for that provider and owner;
  /// `InvalidRequest` for a wrong code
  /// (`facts["tries_left"]`); the fifth wrong one fails the flow and revokes.
  [[nodiscard]] Result<Flow> confirm(const std::string& sessionId, const std::string& code,
                                     const Caller& caller, const std::string& requestId);

  /// One round of housekeeping: ends flows past their time, revokes what they held.
  Result<void> expire();

 private:
  struct Callback;
  static std::string nonceOf(const std::string& state);
  static std::string confirmationHash(const std::string& sessionId, const std::string& code);
  [[nodiscard]] std::string challengeOf(const ConsentRequest& request) const;

  std::optional<Error> checkFlow(Callback& callback) const;
  std::optional<Error> checkAnswer(const Callback& callback) const;
  CallbackOutcome exchange(Callback& callback);
  CallbackOutcome awaitConfirmation(Callback& callback, const PendingConsent& consent);
  CallbackOutcome fail(Callback& callback, Error error);
  CallbackOutcome refuse(Callback& callback, const PendingConsent& consent, Error error);

  Result<Flow> rightCode(Flow flow, const std::string& requestId);
  Result<Flow> wrongCode(Flow flow, const std::string& requestId);

  Parts parts_;
  ConsentFinisher finisher_;
  OpenLinks links_;
};

}  // namespace agw
