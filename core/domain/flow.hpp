#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "domain/grant.hpp"

namespace agw {

enum class FlowStatus { Pending, Exchanging, AwaitingConfirmation, Completed, Failed };

/// A consent under way. A row of `oauth_sessions`. Single use: `Storage::consumeState` moves it from Pending
/// to Exchanging exactly once, before anything is sent to the provider. A device's flow (RFC 8628) has no
/// redirect that could come back; the gateway asks for its end, and `Storage::advanceFlow` moves it on.
struct Flow {
  std::string id;  ///< UUID; the session_id, itself the secret that reads the status
  std::string provider;
  std::string profile;    ///< canonical e-mail the consent was asked for
  std::string stateHash;  ///< hex SHA-256 of `state`; the state itself is stored nowhere. Of a device: of one
                          ///< that nobody was given
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

  // a device
  Sealed deviceCode;  ///< what the provider is asked with; empty: a browser's flow, or one that is decided
  std::chrono::seconds pollInterval{0};  ///< least pause between two questions
  std::optional<TimePoint> pollAt;       ///< no question before this moment; absent as `deviceCode` is empty
};

}  // namespace agw
