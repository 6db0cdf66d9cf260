#include "broker/consent_words.hpp"

#include "broker/errors.hpp"

namespace agw {

Error unusableLink() {
  return {.kind = ErrorKind::InvalidRequest,
          .message = "This link is not known here. Start again from the application that sent you.",
          .code = "invalid_request"};
}

Error usedLink() {
  return {.kind = ErrorKind::Conflict,
          .message =
              "This link was used before. If your account is not connected yet, start again from the "
              "application that sent you.",
          .code = "conflict"};
}

Error expiredLink() {
  return {.kind = ErrorKind::InvalidRequest,
          .message = "This link has expired. Start again from the application that sent you.",
          .code = kSessionExpired};
}

Error changedProvider() {
  return {.kind = ErrorKind::Transient,
          .message =
              "The provider's settings were changed while you were away. Start again from the application "
              "that sent you.",
          .code = "provider_not_configured"};
}

Error unexpectedIssuer() {
  return {.kind = ErrorKind::InvalidRequest,
          .message =
              "This answer did not come from the provider that was asked. Nothing was connected. Start again "
              "from the application that sent you.",
          .code = "invalid_request"};
}

Error refusedByProvider(const std::string& parameter, const std::string& displayName) {
  if (parameter == "access_denied") {
    return {.kind = ErrorKind::Denied,
            .message = "You did not allow the access at " + displayName + ", so nothing was connected.",
            .code = "access_denied"};
  }
  if (parameter == "server_error" || parameter == "temporarily_unavailable") {
    return {.kind = ErrorKind::Transient,
            .message = displayName + " is not available now. Start again later.",
            .code = word::kProviderUnavailable};
  }
  return {.kind = ErrorKind::Malformed,
          .message = displayName + " refused the request. If that happens again, tell an administrator.",
          .code = word::kProviderError};
}

Error exchangeFailure(const Error& error, const std::string& displayName) {
  if (error.kind != ErrorKind::GrantDead && error.kind != ErrorKind::Denied)
    return providerFailure(error, displayName);
  return {.kind = ErrorKind::Denied,
          .message =
              displayName + " did not accept this consent. Start again from the application that sent you.",
          .code = "access_denied",
          .detail = wordsOf(error)};
}

Error otherAccount() {
  return {
      .kind = ErrorKind::Forbidden,
      .message =
          "You consented with another account than the one that was asked for. Nothing was connected. Start "
          "again and choose the right account.",
      .code = word::kMismatch};
}

Error notStored() {
  return {.kind = ErrorKind::Transient,
          .message = "Your consent could not be stored, and was withdrawn. Try again in a minute.",
          .code = word::kUnavailable};
}

Error notSureStored() {
  return {
      .kind = ErrorKind::Transient,
      .message =
          "The gateway lost its store while it stored your consent. Look again in a minute, and start again "
          "if your account is not connected then.",
      .code = word::kUnavailable};
}

}  // namespace agw
