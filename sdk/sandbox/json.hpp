#pragma once

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace sandbox {

/// JSON as it is written: `object({{"ok", true}, {"team", object({{"id", id}})}})`.
[[nodiscard]] inline Poco::JSON::Object object(
    std::initializer_list<std::pair<const char*, Poco::Dynamic::Var>> members) {
  Poco::JSON::Object json(Poco::JSON_PRESERVE_KEY_ORDER);
  for (const auto& [name, value] : members) json.set(name, value);
  return json;
}

template <typename Item>
[[nodiscard]] Poco::JSON::Array array(const std::vector<Item>& items) {
  Poco::JSON::Array json;
  for (const auto& item : items) json.add(item);
  return json;
}

/// An empty text stands for null.
[[nodiscard]] inline Poco::Dynamic::Var orNull(const std::string& text) {
  return text.empty() ? Poco::Dynamic::Var() : Poco::Dynamic::Var(text);
}

[[nodiscard]] std::string toText(const Poco::JSON::Object& json);
[[nodiscard]] std::string toText(const Poco::JSON::Array& json);

}  // namespace sandbox
