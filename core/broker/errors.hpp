#pragma once

#include <chrono>
#include <string>

#include "base/error.hpp"
#include "domain/grant.hpp"
#include "domain/provider.hpp"

namespace agw {

// The broker's failures in the words of the REST contract. What a provider or a database said stands in
// `detail` alone; only what a plugin made of it is told.

/// There is no grant.
[[nodiscard]] Error notAuthenticated();
/// The grant is dead; `reason` is an error word as in `Grant::lastError`.
[[nodiscard]] Error consentNeeded(const std::string& reason);
[[nodiscard]] Error lacksScopes(const Scopes& granted, const Scopes& missing);
/// The provider must not be asked before `wait` is over; `lastError` says how it failed.
[[nodiscard]] Error backingOff(const std::string& lastError, std::chrono::seconds wait);
/// The gateway itself cannot do it now.
[[nodiscard]] Error overloaded();
/// What a caller is told about a failure of `Storage` or `Vault`: `unavailable` unless it says more.
[[nodiscard]] Error storageFailure(Error error);
/// What a caller is told about a provider's failure: `provider_misconfigured`, `provider_error` or
/// `provider_unavailable`. The provider's own message goes into `detail`.
[[nodiscard]] Error providerFailure(const Error& error, const std::string& displayName);
/// The same, but where a plugin says what the person must do (`Denied`), its words are told
/// (`access_denied`).
[[nodiscard]] Error refusalOrFailure(const Error& error, const std::string& displayName);
/// What a plugin said and what stands behind it, for the log.
[[nodiscard]] std::string wordsOf(const Error& error);

namespace word {
inline constexpr const char* kRefreshFailed = "refresh_failed";
/// A renewal was interrupted and the provider does not accept the stored token any more.
inline constexpr const char* kInterrupted = "refresh_interrupted";
inline constexpr const char* kMisconfigured = "provider_misconfigured";
inline constexpr const char* kProviderError = "provider_error";
inline constexpr const char* kProviderUnavailable = "provider_unavailable";
inline constexpr const char* kUnavailable = "unavailable";
inline constexpr const char* kIntegrity = "integrity_error";
inline constexpr const char* kMismatch = "identity_mismatch";
}  // namespace word

}  // namespace agw
