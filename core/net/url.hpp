#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agw {

/// An address that a request may be sent to, as far as its text tells.
struct Url {
  std::string scheme;  ///< `https` or `http`
  std::string
      host;      ///< lower case; an IPv4 address in dotted decimal however it was written; IPv6 in brackets
  int port = 0;  ///< the scheme's own when the text has none
  std::string text;  ///< the whole in one spelling: what is requested
};

/// Parses an absolute http or https URL (RFC 3986). `BadOption` for every other text, and for user
/// information, a fragment, a zone, white space, control characters, octets outside ASCII, and more than 16
/// KiB. The message does not repeat the text, whose query may hold a secret.
[[nodiscard]] Result<Url> parseUrl(std::string_view text);

}  // namespace agw
