#pragma once

#include "base/error.hpp"

namespace agw {

// What the person in the browser and the application that started the flow are told. `Error::code` is the
// word that the flow keeps.

inline constexpr const char* kSessionExpired = "Session expired";
inline constexpr int kConfirmationTries = 5;

[[nodiscard]] Error unusableLink();
[[nodiscard]] Error usedLink();
[[nodiscard]] Error expiredLink();
[[nodiscard]] Error changedProvider();
[[nodiscard]] Error unexpectedIssuer();
/// The provider's `error` parameter in our words; the parameter itself is never shown.
[[nodiscard]] Error refusedByProvider(const std::string& parameter, const std::string& displayName);
[[nodiscard]] Error exchangeFailure(const Error& error, const std::string& displayName);
[[nodiscard]] Error otherAccount();
[[nodiscard]] Error notStored();
[[nodiscard]] Error notSureStored();

}  // namespace agw
