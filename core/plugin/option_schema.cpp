#include "plugin/option_schema.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <numeric>
#include <vector>

#include "base/encoding.hpp"
#include "plugin/plugin.hpp"

namespace agw {
namespace {

namespace json = boost::json;
using Faults = std::vector<OptionFault>;

std::string escaped(std::string_view key) {
  std::string text;
  for (const char character : key) {
    text += character == '~'   ? std::string("~0")
            : character == '/' ? std::string("~1")
                               : std::string(1, character);
  }
  return text;
}

const char* typeName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "null";
}

bool isOfType(const json::value& value, std::string_view type) {
  return type == typeName(value) || (type == "number" && value.is_number());
}

/// The texts of a list, as a person reads them: `a, b or c`.
std::string listed(const std::vector<std::string>& texts) {
  std::string line;
  for (std::size_t index = 0; index < texts.size(); ++index) {
    if (index > 0) line += index + 1 == texts.size() ? " or " : ", ";
    line += texts[index];
  }
  return line;
}

std::vector<std::string> textsOf(const json::value& value) {
  std::vector<std::string> texts;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list)
      texts.push_back(item.is_string() ? std::string(item.get_string()) : json::serialize(item));
  } else if (const auto* text = value.if_string()) {
    texts.emplace_back(*text);
  }
  return texts;
}

std::size_t editDistance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i - 1] == right[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[right.size()];
}

std::string unknownKey(std::string_view key, const json::object* properties) {
  std::vector<std::string> known;
  if (properties != nullptr) {
    for (const auto& property : *properties) known.emplace_back(property.key());
  }
  std::string message = "There is no such option.";
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& left, const auto& right) {
    return editDistance(key, left) < editDistance(key, right);
  });
  if (nearest != known.end() && editDistance(key, *nearest) <= std::max<std::size_t>(2, key.size() / 4)) {
    return message + " Did you mean " + *nearest + "?";
  }
  return known.empty() ? message : message + " Allowed: " + listed(known) + ".";
}

bool isWebAddress(std::string_view text) {
  const bool web = text.substr(0, 8) == "https://" || text.substr(0, 7) == "http://";
  const bool clean =
      std::all_of(text.begin(), text.end(), [](unsigned char octet) { return octet > 0x20 && octet < 0x7f; });
  return web && clean && text.find('#') == std::string_view::npos && text.size() > text.find("//") + 2;
}

class Checker {
 public:
  explicit Checker(Faults& faults) : faults_(faults) {}

  void check(const json::value& schema, const json::value& value, const std::string& pointer) {
    if (const auto* allowed = schema.if_bool()) {
      if (!*allowed) add(pointer, "This cannot be set.");
      return;
    }
    const auto& rules = schema.get_object();
    if (!hasType(rules, value, pointer) || !isListed(rules, value, pointer)) return;
    if (const auto* text = value.if_string()) checkText(rules, *text, pointer);
    if (value.is_number()) checkNumber(rules, value, pointer);
    if (const auto* list = value.if_array()) checkList(rules, *list, pointer);
    if (const auto* object = value.if_object()) checkObject(rules, *object, pointer);
  }

 private:
  void add(const std::string& pointer, std::string message) {
    faults_.push_back({pointer, std::move(message)});
  }

  bool hasType(const json::object& rules, const json::value& value, const std::string& pointer) {
    const auto* type = rules.if_contains("type");
    if (type == nullptr) return true;
    const auto allowed = textsOf(*type);
    if (std::any_of(allowed.begin(), allowed.end(), [&](const auto& name) { return isOfType(value, name); }))
      return true;
    add(pointer, "Found " + std::string(typeName(value)) + "; allowed: " + listed(allowed) + ".");
    return false;
  }

  bool isListed(const json::object& rules, const json::value& value, const std::string& pointer) {
    const auto* list = rules.if_contains("enum");
    if (list == nullptr) return true;
    const auto& allowed = list->get_array();
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return true;
    add(pointer, "Allowed: " + listed(textsOf(*list)) + ".");
    return false;
  }

  void checkText(const json::object& rules, std::string_view text, const std::string& pointer) {
    const auto* format = rules.if_contains("format");
    if (format != nullptr && *format == "uri" && !isWebAddress(text)) {
      add(pointer, "This must be a web address: https://, a host, no fragment, no spaces.");
    }
    const auto size = static_cast<std::int64_t>(text.size());
    if (const auto least = bound(rules, "minLength"); least && size < *least) {
      add(pointer, text.empty() ? "This is empty." : "At least " + std::to_string(*least) + " characters.");
    }
    if (const auto most = bound(rules, "maxLength"); most && size > *most) {
      add(pointer, "At most " + std::to_string(*most) + " characters.");
    }
  }

  void checkNumber(const json::object& rules, const json::value& value, const std::string& pointer) {
    const auto number = value.to_number<double>();
    if (const auto least = bound(rules, "minimum"); least && number < static_cast<double>(*least)) {
      add(pointer, "At least " + std::to_string(*least) + ".");
    }
    if (const auto most = bound(rules, "maximum"); most && number > static_cast<double>(*most)) {
      add(pointer, "At most " + std::to_string(*most) + ".");
    }
  }

  void checkList(const json::object& rules, const json::array& list, const std::string& pointer) {
    if (const auto least = bound(rules, "minItems");
        least && static_cast<std::int64_t>(list.size()) < *least) {
      add(pointer, "At least " + std::to_string(*least) + " in the list.");
    }
    const auto* items = rules.if_contains("items");
    if (items == nullptr) return;
    for (std::size_t index = 0; index < list.size(); ++index)
      check(*items, list[index], pointer + "/" + std::to_string(index));
  }

  void checkObject(const json::object& rules, const json::object& object, const std::string& pointer) {
    const auto* known = rules.if_contains("properties");
    const auto* properties = known != nullptr ? known->if_object() : nullptr;
    const auto* rest = rules.if_contains("additionalProperties");
    for (const auto& member : object) {
      const std::string place = pointer + "/" + escaped(member.key());
      const auto* own = properties != nullptr ? properties->if_contains(member.key()) : nullptr;
      if (own != nullptr) {
        check(*own, member.value(), place);
      } else if (rest != nullptr && *rest == false) {
        add(place, unknownKey(member.key(), properties));
      } else if (rest != nullptr) {
        check(*rest, member.value(), place);
      }
    }
    const auto* required = rules.if_contains("required");
    for (const auto& name : required != nullptr ? textsOf(*required) : std::vector<std::string>{}) {
      if (!object.contains(name)) add(pointer + "/" + escaped(name), "This is missing.");
    }
  }

  static std::optional<std::int64_t> bound(const json::object& rules, std::string_view name) {
    const auto* value = rules.if_contains(name);
    return value != nullptr ? std::optional(value->to_number<std::int64_t>()) : std::nullopt;
  }

  Faults& faults_;
};

// ---- the schema itself
// --------------------------------------------------------------------------------------

Error wrong(const std::string& pointer, const std::string& why) {
  return Error{.kind = ErrorKind::BadOption,
               .message = "has an options schema that is wrong at " +
                          (pointer.empty() ? std::string("its top") : pointer) + ": " + why};
}

Result<void> checkRules(const json::value& schema, const std::string& pointer);

Result<void> checkMembers(const json::value& value, const std::string& pointer) {
  if (!value.is_object()) return wrong(pointer, "an object is needed.");
  for (const auto& member : value.get_object()) {
    if (auto checked = checkRules(member.value(), pointer + "/" + escaped(member.key())); !checked)
      return checked;
  }
  return {};
}

bool isListOfTexts(const json::value& value) {
  const auto* list = value.if_array();
  return list != nullptr &&
         std::all_of(list->begin(), list->end(), [](const auto& item) { return item.is_string(); });
}

Result<void> checkRule(std::string_view keyword, const json::value& value, const std::string& pointer) {
  constexpr std::string_view notes[] = {"title", "description", "default", "examples", "$schema", "$id"};
  constexpr std::string_view bounds[] = {"minItems", "minLength", "maxLength", "minimum", "maximum"};
  const auto isOne = [keyword](const auto& list) {
    return std::find(std::begin(list), std::end(list), keyword) != std::end(list);
  };
  if (isOne(notes)) return {};
  if (keyword == "properties") return checkMembers(value, pointer);
  if (keyword == "additionalProperties" || keyword == "items") return checkRules(value, pointer);
  bool fits = false;
  if (isOne(bounds)) {
    fits = value.is_int64();
  } else if (keyword == "enum") {
    fits = value.is_array();
  } else if (keyword == "required") {
    fits = isListOfTexts(value);
  } else if (keyword == "type") {
    fits = value.is_string() || isListOfTexts(value);
  } else if (keyword == "format") {
    fits = value == "uri";
  } else {
    return wrong(pointer, "this keyword is not one that options are checked by.");
  }
  return fits ? Result<void>() : wrong(pointer, "this value does not fit the keyword.");
}

Result<void> checkRules(const json::value& schema, const std::string& pointer) {
  if (schema.is_bool()) return {};
  if (!schema.is_object()) return wrong(pointer, "a schema is an object, true or false.");
  for (const auto& rule : schema.get_object()) {
    if (auto checked = checkRule(rule.key(), rule.value(), pointer + "/" + escaped(rule.key())); !checked)
      return checked;
  }
  return {};
}

Result<json::value> parsed(std::string_view schema) {
  boost::system::error_code failed;
  auto value = json::parse(schema, failed);
  if (failed || !value.is_object()) {
    return Error{.kind = ErrorKind::BadOption, .message = "has an options schema that is not a JSON object."};
  }
  return value;
}

}  // namespace

Result<void> checkSchema(std::string_view schema) {
  const auto value = parsed(schema);
  return value ? checkRules(*value, "") : value.error();
}

std::vector<OptionFault> checkOptions(const Plugin& plugin, const json::object& options) {
  const auto schema = parsed(plugin.optionsSchema);
  if (!schema) return {{"", schema.error().message}};
  Faults faults;
  Checker(faults).check(*schema, json::value(options), "");
  return faults;
}

}  // namespace agw
