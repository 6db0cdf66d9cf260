#pragma once

#include <optional>
#include <string>

#include "domain/grant.hpp"

namespace agw {

enum class FlowStatus { Pending, Exchanging, AwaitingConfirmation, Completed, Failed };

/// A consent under way. A row of `oauth_sessions`. Single use: `Storage::consumeState` moves it from Pending
/// to Exchanging exactly once, before anything is sent to the provider.
struct Flow {
  std::string id;  ///< UUID; the session_id, itself the secret that reads the status
  std::string provider;
  std::string profile;    ///< canonical e-mail the consent was asked for
  std::string stateHash;  ///< hex SHA-256 of `state`; the state itself is stored nowhere
  Sealed codeVerifier;
  std::string redirectUri;
  std::string redirectAfter;      ///< empty: the result page
  Scopes scopes;                  ///< asked for
  std::string configFingerprint;  ///< of the provider entry that asked
  std::string startedBy;          ///< id of the API key
  FlowStatus status = FlowStatus::Pending;
  std::string error;    ///< an API error word once Failed
  std::string account;  ///< masked, once known
  TimePoint createdAt;
  TimePoint expiresAt;

  // identity: confirm
  std::string confirmationHash;  ///< hex SHA-256 of session id and code
  int confirmationTries = 0;
  Sealed pendingTokens;  ///< the grant to be, as the broker wrote it; empty otherwise
};

}  // namespace agw
