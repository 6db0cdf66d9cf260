#pragma once

#include <string>

#include "base/error.hpp"

namespace agw {

// What the person who installs is told beyond the words of a consent.

[[nodiscard]] Error otherBrowser();
[[nodiscard]] Error otherOrganisation();
[[nodiscard]] Error noOrganisation(const std::string& displayName);
/// What the plugin says about a redirect, or about the organisations that the person's token reaches: when it
/// is the person who must act, in the plugin's words.
[[nodiscard]] Error redirectFailure(const Error& error, const std::string& displayName);

}  // namespace agw
