#include "api/http.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/text.hpp"

namespace agw::api {
namespace {

const char* defaultWord(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidRequest:
    case ErrorKind::Unsupported:
      return "invalid_request";
    case ErrorKind::NotFound:
      return "not_found";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Forbidden:
      return "forbidden";
    case ErrorKind::BadOption:
    case ErrorKind::BadClient:
      return "provider_misconfigured";
    case ErrorKind::Denied:
      return "not_authenticated";
    case ErrorKind::GrantDead:
      return "refresh_failed";
    case ErrorKind::RateLimited:
      return "rate_limited";
    case ErrorKind::Transient:
      return "unavailable";
    case ErrorKind::Malformed:
      return "provider_error";
    case ErrorKind::Integrity:
      return "integrity_error";
    case ErrorKind::Bug:
      return "internal_error";
  }
  return "internal_error";
}

std::optional<int> statusOf(const std::string& code) {
  const auto word = errorTable().find(code);
  if (word == errorTable().end()) return std::nullopt;
  return word->second;
}

boost::json::array list(const std::vector<std::string>& values) {
  boost::json::array array;
  for (const auto& value : values) array.emplace_back(value);
  return array;
}

/// `granted` and `missing` stand beside the message; every other fact goes into `details`.
void addFacts(const Error& error, boost::json::object& body) {
  boost::json::object details;
  for (const auto& [name, values] : error.facts) {
    if (name == "granted" || name == "missing") {
      body[name] = list(values);
    } else if (values.size() == 1) {
      details[name] = values.front();
    } else {
      details[name] = list(values);
    }
  }
  if (!details.empty()) body["details"] = std::move(details);
}

Response answerWith(const Error& error, const std::string& requestId, const boost::json::object& more) {
  const std::string code = errorCode(error);
  Response response;
  response.error = code;
  response.status = statusOf(code).value_or(statusOf(defaultWord(error.kind)).value_or(500));
  boost::json::object body{{"error", code}, {"message", error.message}, {"request_id", requestId}};
  for (const auto& [name, value] : more) body[name] = value;
  addFacts(error, body);
  if (response.status == 429 || response.status == 503) {
    const auto seconds = std::max<std::int64_t>(error.retryAfter.count(), 1);
    body["retry_after"] = seconds;
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  response.body = boost::json::serialize(body);
  return response;
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (equalsIgnoringCase(known, name)) return value;
  }
  return std::nullopt;
}

Error overloaded() {
  return {.kind = ErrorKind::Transient,
          .message = "The gateway has more requests than it can answer now. Try again shortly.",
          .code = "unavailable",
          .retryAfter = std::chrono::seconds(1)};
}

std::string errorCode(const Error& error) {
  return error.code.empty() ? std::string(defaultWord(error.kind)) : error.code;
}

const std::map<std::string, int>& errorTable() {
  static const std::map<std::string, int> table{{"invalid_request", 400},
                                                {"invalid_email", 400},
                                                {"invalid_scope", 400},
                                                {"invalid_redirect", 400},
                                                {"not_authenticated", 401},
                                                {"refresh_failed", 401},
                                                {"missing_scopes", 401},
                                                {"invalid_signature", 401},
                                                {"invalid_api_key", 403},
                                                {"forbidden", 403},
                                                {"unknown_provider", 404},
                                                {"not_found", 404},
                                                {"conflict", 409},
                                                {"rate_limited", 429},
                                                {"internal_error", 500},
                                                {"integrity_error", 500},
                                                {"provider_error", 502},
                                                {"provider_misconfigured", 502},
                                                {"provider_unavailable", 503},
                                                {"unavailable", 503},
                                                {"provider_not_configured", 503}};
  return table;
}

Response errorResponse(const Error& error, const std::string& requestId) {
  return answerWith(error, requestId, {});
}

Response errorResponse(const Error& error, const std::string& requestId,
                       const std::optional<ConsentHint>& hint) {
  boost::json::object more{{"auth_required", true}};
  if (hint) {
    more["auth_url"] = hint->authUrl;
    if (!hint->sessionId.empty()) more["session_id"] = hint->sessionId;
    more["expires_at"] = toRfc3339(hint->expiresAt);
  }
  return answerWith(error, requestId, more);
}

}  // namespace agw::api
