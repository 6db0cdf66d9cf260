#pragma once

#include <string>

#include "base/error.hpp"

namespace agw::storage {

/// The words that all backends share, so that callers and logs read the same from each.
[[nodiscard]] inline Error conflict(const char* message) {
  return Error{.kind = ErrorKind::Conflict, .message = message};
}
[[nodiscard]] inline Error notFound(const char* message) {
  return Error{.kind = ErrorKind::NotFound, .message = message};
}

/// The database is away, full, locked or slow. `detail` is for the operator's log.
[[nodiscard]] inline Error unavailable(std::string detail) {
  return Error{.kind = ErrorKind::Transient,
               .message = "The database does not answer. Try again shortly.",
               .code = "unavailable",
               .detail = std::move(detail),
               .retryAfter = std::chrono::seconds(1)};
}
[[nodiscard]] inline Error damaged(std::string detail) {
  return Error{.kind = ErrorKind::Integrity,
               .message = "A stored record cannot be read. The operator must look into the database.",
               .code = "integrity_error",
               .detail = std::move(detail)};
}

inline constexpr const char* kChanged = "Somebody changed this record meanwhile. Read it again.";
inline constexpr const char* kExists = "There is such a record already.";
inline constexpr const char* kLeaseHeld = "This grant is being refreshed by somebody else.";
inline constexpr const char* kLeaseLost = "This refresh lost its lease.";
inline constexpr const char* kNoGrant = "There is no such grant.";
inline constexpr const char* kNoInstallFlow = "There is no such install.";
inline constexpr const char* kInstallUsed = "This install link was used before.";
inline constexpr const char* kNoFlow = "There is no such session.";
inline constexpr const char* kNoKey = "No living API key has this id or name.";
inline constexpr const char* kStateUsed = "This consent link was used before.";
inline constexpr const char* kKeyNameTaken =
    "A living API key has this name. Revoke it first, or take another name.";

}  // namespace agw::storage
