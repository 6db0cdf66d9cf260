#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace agw {

/// Why an operation did not succeed, told as who must act. The set is closed; the plugin contract has the
/// same one.
enum class ErrorKind {
  InvalidRequest,  ///< the caller sent something wrong
  NotFound,        ///< the caller named something that is not there
  Conflict,        ///< somebody else was faster; read again
  Forbidden,       ///< the caller may not do this
  Unsupported,     ///< the provider has no such operation
  BadOption,       ///< the operator: an option or the configuration is wrong
  BadClient,       ///< the operator: the provider refuses our client id or secret
  Denied,          ///< the person said no on the consent page
  GrantDead,       ///< the person must consent again
  RateLimited,     ///< wait; `retryAfter` says how long
  Transient,       ///< wait; the same call may succeed later
  Malformed,       ///< the provider answered something that its protocol does not allow
  Integrity,       ///< the operator: stored data does not fit its place or its key
  Bug,             ///< us
};

/// An expected failure. Every text in it may be shown or logged as its comment says; none may carry a secret,
/// a provider's body, SQL or a path of this machine, except `detail`, which may carry the latter two.
struct Error {
  ErrorKind kind = ErrorKind::Bug;
  /// For the person who must act: what is wrong and what cures it. Safe to send to a caller.
  std::string message{};
  /// The word of the REST contract (`invalid_email`). Empty: the default word of `kind`.
  std::string code{};
  /// For the operator's log only. No secrets.
  std::string detail{};
  /// For `RateLimited` and `Transient`; zero means "no hint".
  std::chrono::seconds retryAfter{0};
  /// Facts for the caller, by name: `field`, `granted`, `missing`, `allowed`.
  std::map<std::string, std::vector<std::string>> facts{};
};

/// True for the kinds that the same call may outlive by waiting.
[[nodiscard]] constexpr bool isTemporary(ErrorKind kind) {
  return kind == ErrorKind::RateLimited || kind == ErrorKind::Transient || kind == ErrorKind::Malformed;
}

/// The kind's name, for logs and metrics: `GrantDead`.
[[nodiscard]] const char* toString(ErrorKind kind);

}  // namespace agw
