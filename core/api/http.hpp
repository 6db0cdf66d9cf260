#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/http_message.hpp"
#include "base/result.hpp"
#include "domain/caller.hpp"

namespace agw::api {

/// A request that passed the edge: well framed, within the limits, path normalised.
struct Request {
  std::string method;
  std::string path;                          ///< decoded, starts with `/`, no `.` or `..`
  std::map<std::string, std::string> query;  ///< decoded
  /// A name twice, a broken escape: `query` is empty then. The router refuses such a request, unless its
  /// route wants to say so itself.
  std::optional<Error> queryFault;
  /// It waited for a thread longer than the server's patience. The router refuses it as `overloaded()`,
  /// unless its route says otherwise.
  bool late = false;
  std::map<std::string, std::string> pathParameters;
  Headers headers;
  std::string body;
  std::string peer;       ///< the client's address: the peer's, or a trusted proxy's word
  std::string requestId;  ///< UUID
  bool secure = false;    ///< TLS here, or at a trusted proxy

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// An answer. The edge adds Date, Content-Length, X-Request-Id and the security headers; see `writeHead`.
struct Response {
  int status = 200;
  std::string contentType = "application/json";
  Headers headers;
  std::string body;
  bool noStore = true;
  // What follows is not sent; it is for those who count and log.
  int route = -1;     ///< index in `Router::routes`; -1: none
  std::string keyId;  ///< of the caller; empty where there was no valid key
  std::string error;  ///< the word of the contract; empty where all is well
};

using Handler = std::function<Response(const Request&)>;

/// The answer for an error: `{"error","message","request_id",...}` with the status of the contract's table.
[[nodiscard]] Response errorResponse(const Error& error, const std::string& requestId);
/// Where a person cures an error by consenting.
struct ConsentHint {
  std::string authUrl;
  std::string sessionId;  ///< empty: of an installation, which has none
  TimePoint expiresAt;
};
/// The same with `auth_required`, and the link where there is one.
[[nodiscard]] Response errorResponse(const Error& error, const std::string& requestId,
                                     const std::optional<ConsentHint>& hint);
/// The gateway has more to do than it can: 503 with `Retry-After`.
[[nodiscard]] Error overloaded();
/// The default word of the contract for a kind, where `Error::code` is empty.
[[nodiscard]] std::string errorCode(const Error& error);
/// Every word that an answer may carry, with its status: the contract's table.
[[nodiscard]] const std::map<std::string, int>& errorTable();

}  // namespace agw::api
