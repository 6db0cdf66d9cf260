#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agw::api {

/// Whether a browser may be sent to `target` after a consent: an absolute https URL of plain characters,
/// without user and fragment, whose origin is that of an entry of `allowed` and whose path lies at or below
/// the entry's. In `development` http to this machine is allowed without an entry.
///
/// Whatever could be read in two ways (a backslash, `//` or `..` in the path, also escaped, an escaped
/// control octet, anything but ASCII) is refused.
[[nodiscard]] bool isAllowedRedirect(std::string_view target, const std::vector<std::string>& allowed,
                                     bool development);

/// `target` with `status` and the name and value of `id` added to its query, and nothing else: no token, code
/// or state.
[[nodiscard]] std::string redirectWith(const std::string& target, std::string_view status,
                                       const std::pair<std::string, std::string>& id);

}  // namespace agw::api
