#pragma once

#include <Poco/JSON/Array.h>
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
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const;
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  void append(const Parameters& others) {
    items_.insert(items_.end(), others.items_.begin(), others.items_.end());
  }

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
  std::vector<std::pair<std::string, std::string>> headers{};

  /// By name without case; empty when absent.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// The parameters of a body: a form, or the texts and numbers of a JSON object. Throws `BadRequest`.
[[nodiscard]] Parameters bodyParameters(const Request& request);
/// The body as a JSON object; an empty one when it is none.
[[nodiscard]] Poco::JSON::Object::Ptr bodyJson(const Request& request);
/// What follows `Authorization: Bearer`, or `token`; empty without.
[[nodiscard]] std::string bearerToken(const Request& request);

struct Reply {
  int status = 200;
  std::string contentType = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Reads the whole request, at most 64 KiB of body. Throws `BadRequest`.
[[nodiscard]] Request readRequest(Poco::Net::HTTPServerRequest& request, const std::string& base);

[[nodiscard]] Reply jsonReply(const Poco::JSON::Object& json, int status = 200);
[[nodiscard]] Reply jsonReply(const Poco::JSON::Array& json, int status = 200);
[[nodiscard]] Reply textReply(const std::string& text, const std::string& contentType, int status = 200);
/// RFC 6749 section 5.2.
[[nodiscard]] Reply errorReply(int status, const std::string& code, const std::string& description);
[[nodiscard]] Reply redirectReply(const std::string& location);
[[nodiscard]] Reply pageReply(const std::string& html, int status = 200);

/// Sends `reply`, spoilt as `fault` says, and ends the connection.
void send(Poco::Net::HTTPServerRequest& request, const Reply& reply, const std::optional<Fault>& fault);

}  // namespace sandbox
