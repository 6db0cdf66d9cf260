#include "broker/errors.hpp"

#include <utility>

namespace agw {

using std::chrono::seconds;

Error notAuthenticated() {
  return {.kind = ErrorKind::NotFound,
          .message = "There is no grant for this user and provider. The user must consent first.",
          .code = "not_authenticated"};
}

Error consentNeeded(const std::string& reason) {
  return {.kind = ErrorKind::GrantDead,
          .message = "Refresh token expired. Please re-authenticate.",
          .code = word::kRefreshFailed,
          .facts = {{"reason", {reason}}}};
}

Error lacksScopes(const Scopes& granted, const Scopes& missing) {
  return {.kind = ErrorKind::GrantDead,
          .message = "The grant lacks scopes. The user must consent to them.",
          .code = "missing_scopes",
          .facts = {{"granted", granted}, {"missing", missing}}};
}

Error backingOff(const std::string& lastError, seconds wait) {
  if (lastError == word::kMisconfigured) {
    return {
        .kind = ErrorKind::BadClient,
        .message =
            "The provider refuses the gateway's client. An administrator must correct the provider entry.",
        .code = word::kMisconfigured,
        .retryAfter = wait};
  }
  return {.kind = ErrorKind::Transient,
          .message = "The provider did not renew the token. Try again later.",
          .code = word::kProviderUnavailable,
          .retryAfter = wait};
}

Error overloaded() {
  return {.kind = ErrorKind::Transient,
          .message = "The gateway is busy with this request's grant. Try again shortly.",
          .code = word::kUnavailable,
          .retryAfter = seconds(1)};
}

Error storageFailure(Error error) {
  if (error.kind == ErrorKind::Integrity) {
    return {
        .kind = ErrorKind::Integrity,
        .message = "Stored data cannot be read as what it should be. An administrator must look at the log.",
        .code = word::kIntegrity,
        .detail = std::move(error.detail)};
  }
  if (error.kind == ErrorKind::Transient && error.code.empty()) error.code = word::kUnavailable;
  return error;
}

Error providerFailure(const Error& error, const std::string& displayName) {
  Error told{.retryAfter = error.retryAfter, .facts = {}};
  told.detail = wordsOf(error);
  switch (error.kind) {
    case ErrorKind::BadClient:
    case ErrorKind::BadOption:
      told.kind = ErrorKind::BadClient;
      told.code = word::kMisconfigured;
      told.message =
          displayName + " refuses the gateway's client. An administrator must correct the provider entry.";
      break;
    case ErrorKind::Malformed:
    case ErrorKind::Bug:
    case ErrorKind::Unsupported:
      told.kind = ErrorKind::Malformed;
      told.code = word::kProviderError;
      told.message = displayName + " gave an answer that cannot be used. Try again later.";
      break;
    default:
      told.kind = ErrorKind::Transient;
      told.code = word::kProviderUnavailable;
      told.message = displayName + " is not available. Try again later.";
  }
  return told;
}

Error refusalOrFailure(const Error& error, const std::string& displayName) {
  if (error.kind != ErrorKind::Denied) return providerFailure(error, displayName);
  return {
      .kind = ErrorKind::Denied, .message = error.message, .code = "access_denied", .detail = error.detail};
}

std::string wordsOf(const Error& error) {
  return error.message + (error.detail.empty() ? "" : " " + error.detail);
}

}  // namespace agw
