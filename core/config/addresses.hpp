#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agw {

/// Checks of texts that name hosts; each answers with what is wrong, or with nothing.

/// An absolute http or https URL without user, query and fragment. `requireHttps` allows http to this machine
/// only.
[[nodiscard]] std::optional<std::string> faultOfPublicUrl(std::string_view url, bool requireHttps);

/// `localhost`, `127.0.0.0/8` and `::1`.
[[nodiscard]] bool isLoopbackHost(std::string_view host);

/// An IPv4 or IPv6 network in CIDR form; a single address gets its full prefix. Nothing when it is none, or
/// when it covers every address.
[[nodiscard]] std::optional<std::string> canonicalNetwork(std::string_view text);

/// A decimal port, 1 to 65535.
[[nodiscard]] std::optional<int> parsePort(std::string_view text);

/// Splits at commas and trims blanks; empty items stay, so that they can be reported.
[[nodiscard]] std::vector<std::string> splitList(std::string_view text);

}  // namespace agw
