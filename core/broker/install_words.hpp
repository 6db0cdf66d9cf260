#pragma once

#include <string>

#include "base/error.hpp"

namespace agw {

// What the person who installs is told beyond the words of a consent.

[[nodiscard]] Error otherBrowser();
[[nodiscard]] Error otherOrganisation();
[[nodiscard]] Error noOrganisation(const std::string& displayName);

}  // namespace agw
