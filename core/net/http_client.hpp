#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/http_message.hpp"
#include "base/result.hpp"

namespace agw {

/// Sends requests to providers. The real one is libcurl; tests script one. Safe to call from many threads.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// One request, one complete answer of any status; redirects are answers, not followed.
  ///
  /// `Transient`: no usable answer (unreachable, TLS fault, deadline, cut or badly framed, over the size
  /// limit). Its `code` is `not_sent` when the request certainly did not reach the provider, empty otherwise.
  /// `BadOption`: the address is not allowed (not https, private and not permitted, malformed).
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

struct HttpClientSettings {
  std::chrono::milliseconds connectTimeout{3'000};
  std::chrono::milliseconds deadline{
      10'000};  ///< the whole call: resolving, connecting, TLS, sending, every octet
  std::size_t maxBody = 1U << 20;
  std::size_t maxHeaders = 64U << 10;
  bool allowPlainHttp = false;  ///< development: http to addresses that an entry's `allow_private` permits
  std::string caFile;           ///< further trusted certificates, PEM; empty: the system's alone
  std::string userAgent;
};

/// The real client. It ignores SIGPIPE for the whole process. When `caFile` cannot be read, every call is
/// refused.
[[nodiscard]] std::unique_ptr<HttpClient> makeHttpClient(HttpClientSettings settings);

}  // namespace agw
