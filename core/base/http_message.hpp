#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"

namespace agw {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request that the gateway sends to a provider. Body and header values may hold secrets: never logged.
struct HttpRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  Secret body;
  /// The provider entry says `allow_private: true`: private addresses and, in development, plain http are
  /// allowed.
  bool allowPrivate = false;
  /// The whole answer is waited for at most this long, or for the client's own deadline where that is
  /// shorter.
  std::chrono::milliseconds atMost = std::chrono::milliseconds::max();
};

/// A complete, well-framed answer. A cut or oversized one never becomes an `HttpResponse`.
struct HttpResponse {
  int status = 0;
  Headers headers;
  Secret body;

  /// The first header of that name, compared without case (RFC 9110 section 5.1).
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

}  // namespace agw
