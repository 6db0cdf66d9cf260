#pragma once

#include <string_view>

#include "crypto/vault.hpp"
#include "domain/flow.hpp"
#include "domain/grant.hpp"
#include "storage/storage.hpp"

namespace agw {

/// The columns that hold ciphertext. Their names and the keys below are bound into what is sealed there:
/// another spelling makes every stored ciphertext unreadable.
namespace column {
inline constexpr std::string_view kAccessToken = "access_token";      ///< oauth_credentials
inline constexpr std::string_view kRefreshToken = "refresh_token";    ///< oauth_credentials
inline constexpr std::string_view kCarry = "carry";                   ///< oauth_credentials
inline constexpr std::string_view kCodeVerifier = "code_verifier";    ///< oauth_sessions, oauth_states
inline constexpr std::string_view kPendingTokens = "pending_tokens";  ///< oauth_sessions
inline constexpr std::string_view kDeviceCode = "device_code";        ///< oauth_sessions
inline constexpr std::string_view kTokens = "tokens";                 ///< oauth_revocations
inline constexpr std::string_view kClientSecret = "client_secret";    ///< oauth_providers
}  // namespace column

// A place borrows the texts of its argument: use it while that lives and is unchanged.

/// A row of oauth_credentials; owner is the user's e-mail or `installationOwner`.
[[nodiscard]] Place placeOf(const Grant& grant, std::string_view column);
/// A row of oauth_sessions; owner is the user's e-mail.
[[nodiscard]] Place placeOf(const Flow& flow, std::string_view column);
/// A row of oauth_states; there is no owner yet.
[[nodiscard]] Place placeOf(const InstallFlow& flow, std::string_view column);
/// The tokens of a row of oauth_revocations; owner is the user's e-mail.
[[nodiscard]] Place placeOf(const PendingRevocation& revocation);
/// The client secret of a row of oauth_providers: the provider is the row's own id, there is no owner.
[[nodiscard]] Place placeOf(const ProviderRow& row);
/// Any of these as key rotation reads it.
[[nodiscard]] Place placeOf(const SealedRow& row, const SealedField& field);

}  // namespace agw
