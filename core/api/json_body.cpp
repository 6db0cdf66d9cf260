#include "api/json_body.hpp"

#include <algorithm>
#include <boost/json/value.hpp>

#include "api/text.hpp"

namespace agw::api {
namespace {

Error wrongType(std::string_view field, const char* allowed) {
  return fieldFault(
      field, "'" + std::string(field) + "' must be " + allowed + "; leave it out where there is none.");
}

std::string listed(std::initializer_list<std::string_view> names) {
  std::string list;
  for (const auto name : names) list += (list.empty() ? "'" : ", '") + std::string(name) + "'";
  return list;
}

}  // namespace

Error fieldFault(std::string_view field, std::string message, std::string code) {
  return Error{.kind = ErrorKind::InvalidRequest,
               .message = std::move(message),
               .code = std::move(code),
               .facts = {{"field", {std::string(field)}}}};
}

bool isJsonMediaType(std::string_view value) {
  const auto semicolon = std::min(value.find(';'), value.size());
  if (!equalsIgnoringCase(trimmed(value.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == value.size()) return true;
  const auto parameter = trimmed(value.substr(semicolon + 1));
  return equalsIgnoringCase(parameter, "charset=utf-8") || equalsIgnoringCase(parameter, "charset=\"utf-8\"");
}

bool isMediaTypeFault(const Error& error) {
  return error.facts.contains("media_type");
}

Result<JsonBody> JsonBody::read(const Request& request, std::initializer_list<std::string_view> fields) {
  const auto type = request.header("Content-Type");
  if (!type || !isJsonMediaType(*type)) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "Send the body as JSON, with the header 'Content-Type: application/json'.",
                 .facts = {{"media_type", {"application/json"}}}};
  }
  if (request.body.empty()) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "The body is empty; send a JSON object with " + listed(fields) + "."};
  }
  auto value = parseStrictJson(request.body);
  if (!value) return std::move(value).error();
  auto* object = value->if_object();
  if (!object) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "The body must be a JSON object with " + listed(fields) + "."};
  }
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) continue;
    const auto shown = shownName(name);
    auto error =
        fieldFault(shown, "The field '" + shown + "' is not known here; allowed are " + listed(fields) + ".");
    error.facts["allowed"].assign(fields.begin(), fields.end());
    return error;
  }
  return JsonBody(std::move(*object));
}

Result<std::optional<std::string>> JsonBody::optionalText(std::string_view name) const {
  const auto* value = object_.if_contains(boost::json::string_view(name.data(), name.size()));
  if (!value) return std::optional<std::string>();
  const auto* text = value->if_string();
  if (!text || text->empty()) return wrongType(name, "a text that is not empty");
  return std::optional<std::string>(std::string(text->data(), text->size()));
}

Result<std::string> JsonBody::text(std::string_view name) const {
  auto found = optionalText(name);
  if (!found) return std::move(found).error();
  if (!*found) return fieldFault(name, "The field '" + std::string(name) + "' is missing.");
  return std::move(**found);
}

Result<std::optional<std::int64_t>> JsonBody::optionalInteger(std::string_view name, std::int64_t least,
                                                              std::int64_t most) const {
  const auto* value = object_.if_contains(boost::json::string_view(name.data(), name.size()));
  if (!value) return std::optional<std::int64_t>();
  const auto* number = value->if_int64();
  if (number && *number >= least && *number <= most) return std::optional<std::int64_t>(*number);
  return fieldFault(name, "'" + std::string(name) + "' must be a whole number from " + std::to_string(least) +
                              " to " + std::to_string(most) + ".");
}

Result<bool> JsonBody::flag(std::string_view name) const {
  const auto* value = object_.if_contains(boost::json::string_view(name.data(), name.size()));
  if (!value) return false;
  if (const auto* flag = value->if_bool()) return *flag;
  return wrongType(name, "true or false");
}

Result<std::optional<std::vector<std::string>>> JsonBody::optionalTexts(std::string_view name) const {
  const auto* value = object_.if_contains(boost::json::string_view(name.data(), name.size()));
  if (!value) return std::optional<std::vector<std::string>>();
  const auto* array = value->if_array();
  if (!array) return wrongType(name, "a list of texts");
  std::vector<std::string> texts;
  for (const auto& element : *array) {
    const auto* text = element.if_string();
    if (!text) return wrongType(name, "a list of texts");
    texts.emplace_back(text->data(), text->size());
  }
  return std::optional(std::move(texts));
}

Result<std::optional<boost::json::object>> JsonBody::optionalObject(std::string_view name) const {
  const auto* value = object_.if_contains(boost::json::string_view(name.data(), name.size()));
  if (!value) return std::optional<boost::json::object>();
  if (const auto* object = value->if_object()) return std::optional(*object);
  return wrongType(name, "an object");
}

}  // namespace agw::api
