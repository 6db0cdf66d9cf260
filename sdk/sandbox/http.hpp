#pragma once

#include <Poco/JSON/Object.h>
#include <Poco/Net/HTTPServerRequest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "faults.hpp"

namespace sandbox {

/// A request that cannot be read at all.
class BadRequest : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Names and values of a query or a form, decoded, in order.
class Parameters {
 public:
  Parameters() = default;
  /// `application/x-www-form-urlencoded`. Throws `BadRequest`.
  explicit Parameters(const std::string& encoded);

  /// Empty when absent.
  [[nodiscard]] std::string get(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const;
  /// RFC 6749 section 3.1: no parameter may occur twice. The first one that does.
  [[nodiscard]] std::optional<std::string> repeated() const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

struct Request {
  std::string method;
  std::string path;
  std::string rawQuery;
  std::string base;  ///< `http://127.0.0.1:8001`: where this server is reached
  std::string authorization;
  std::string contentType;
  std::string host;
  std::string body;
  bool fromLoopback = false;
};

struct Reply {
  int status = 200;
  std::string contentType = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Reads the whole request, at most 64 KiB of body. Throws `BadRequest`.
[[nodiscard]] Request readRequest(Poco::Net::HTTPServerRequest& request, const std::string& base);

[[nodiscard]] Reply jsonReply(const Poco::JSON::Object& json, int status = 200);
/// RFC 6749 section 5.2.
[[nodiscard]] Reply errorReply(int status, const std::string& code, const std::string& description);
[[nodiscard]] Reply redirectReply(const std::string& location);
[[nodiscard]] Reply pageReply(const std::string& html, int status = 200);

/// Sends `reply`, spoilt as `fault` says, and ends the connection.
void send(Poco::Net::HTTPServerRequest& request, const Reply& reply, const std::optional<Fault>& fault);

}  // namespace sandbox
