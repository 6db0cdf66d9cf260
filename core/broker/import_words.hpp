#pragma once

#include <string>

#include "base/error.hpp"

namespace agw {

// Why a refresh token was not imported.

/// The provider entry has no refresh tokens.
[[nodiscard]] Error nothingToImport(const std::string& displayName);
/// `identity: confirm`, or an identity that cannot be looked up.
[[nodiscard]] Error importWantsThePerson(const std::string& displayName);
[[nodiscard]] Error livingGrantIsThere();
/// `replaced`: the provider gave a successor, so that the offered token is spent.
[[nodiscard]] Error offerOfAnotherAccount(bool replaced);
/// Nothing is stored, and the offered token is as good as before.
[[nodiscard]] Error importNotStored();
/// The successor is kept, and storing it goes on.
[[nodiscard]] Error importGoesOn();

}  // namespace agw
