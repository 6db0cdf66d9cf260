#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <unordered_set>

#include "api/json_body.hpp"
#include "api/text.hpp"

namespace agw::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 10'000;

/// Builds the value while it watches for what Boost.JSON itself lets pass: names that stand twice, and NUL.
struct StrictHandler {
  static constexpr std::size_t max_object_size = kMaxValues;
  static constexpr std::size_t max_array_size = kMaxValues;
  static constexpr std::size_t max_key_size = 64U << 10;
  static constexpr std::size_t max_string_size = 64U << 10;

  json::value_stack stack;
  std::vector<std::unordered_set<std::string>> names;  ///< of the objects that are open
  std::string partialName;
  std::size_t values = 0;
  Error fault;

  bool refuse(Error error, json::error_code& code) {
    fault = std::move(error);
    code = json::error::syntax;
    return false;
  }
  bool count(json::error_code& code) {
    if (++values <= kMaxValues) return true;
    return refuse({.kind = ErrorKind::InvalidRequest, .message = "The body has more than 10,000 values."},
                  code);
  }
  bool withoutNul(json::string_view text, json::error_code& code) {
    if (text.find('\0') == json::string_view::npos) return true;
    return refuse({.kind = ErrorKind::InvalidRequest, .message = "A text in the body has a NUL character."},
                  code);
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& code) {
    names.emplace_back();
    return count(code);
  }
  bool on_object_end(std::size_t size, json::error_code&) {
    names.pop_back();
    stack.push_object(size);
    return true;
  }
  bool on_array_begin(json::error_code& code) { return count(code); }
  bool on_array_end(std::size_t size, json::error_code&) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code& code) {
    partialName.append(part.data(), part.size());
    stack.push_chars(part);
    return withoutNul(part, code);
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& code) {
    partialName.append(part.data(), part.size());
    stack.push_key(part);
    const std::string name = std::exchange(partialName, {});
    if (!names.back().insert(name).second) {
      const auto shown = shownName(name);
      return refuse(fieldFault(shown, "The field '" + shown + "' stands in the body twice; send it once."),
                    code);
    }
    return withoutNul(part, code);
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code& code) {
    stack.push_chars(part);
    return withoutNul(part, code);
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& code) {
    stack.push_string(part);
    return count(code) && withoutNul(part, code);
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code& code) {
    stack.push_int64(number);
    return count(code);
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code& code) {
    stack.push_uint64(number);
    return count(code);
  }
  bool on_double(double number, json::string_view, json::error_code& code) {
    stack.push_double(number);
    return count(code);
  }
  bool on_bool(bool value, json::error_code& code) {
    stack.push_bool(value);
    return count(code);
  }
  bool on_null(json::error_code& code) {
    stack.push_null();
    return count(code);
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

Result<json::value> parseStrictJson(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<StrictHandler> parser(options);
  parser.handler().stack.reset();
  json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  if (!parser.handler().fault.message.empty()) return parser.handler().fault;
  if (code || used < text.size()) {
    return Error{
        .kind = ErrorKind::InvalidRequest,
        .message = "The body is not JSON in UTF-8 (RFC 8259), or is nested more than 32 levels deep."};
  }
  return parser.handler().stack.release();
}

}  // namespace agw::api
