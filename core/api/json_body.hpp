#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.hpp"

namespace agw::api {

/// The JSON object of a request's body, read strictly: nothing is guessed, dropped or taken for something
/// else. Every error is `InvalidRequest` and names the field and what is allowed.
class JsonBody {
 public:
  /// Wants `Content-Type: application/json` (else status 415 by `mediaTypeFault`), one object, at most 32
  /// levels and 10,000 values, no name twice, no NUL, and no field but `fields`.
  [[nodiscard]] static Result<JsonBody> read(const Request& request,
                                             std::initializer_list<std::string_view> fields);

  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::string>> optionalText(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> optionalInteger(std::string_view name, std::int64_t least,
                                                                    std::int64_t most) const;
  [[nodiscard]] Result<bool> flag(std::string_view name) const;  ///< absent: false
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> optionalTexts(std::string_view name) const;
  [[nodiscard]] Result<std::optional<boost::json::object>> optionalObject(std::string_view name) const;

 private:
  explicit JsonBody(boost::json::object object) : object_(std::move(object)) {}
  boost::json::object object_;
};

/// One JSON text, whole. `InvalidRequest` for a duplicate name, a NUL, more than 32 levels or 10,000 values,
/// trailing octets, and everything that is not JSON.
[[nodiscard]] Result<boost::json::value> parseStrictJson(std::string_view text);

/// True for the error that `JsonBody::read` gives for another media type: the one that is answered with 415.
[[nodiscard]] bool isMediaTypeFault(const Error& error);

/// `application/json`, with no parameter but charset=utf-8.
[[nodiscard]] bool isJsonMediaType(std::string_view value);

/// `InvalidRequest` about a field.
[[nodiscard]] Error fieldFault(std::string_view field, std::string message, std::string code = {});

}  // namespace agw::api
