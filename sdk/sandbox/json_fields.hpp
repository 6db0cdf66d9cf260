#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy.hpp"

namespace sandbox {

/// Reads the fields of a control request one by one, with strict types, and refuses those that nobody asked
/// for.
class JsonFields {
 public:
  explicit JsonFields(const Poco::JSON::Object& json) : json_(json) {}

  [[nodiscard]] bool has(const std::string& name) {
    known_.insert(name);
    return json_.has(name) && !json_.isNull(name);
  }

  void read(const std::string& name, bool& target) {
    if (has(name)) target = typed(name, json_.get(name).isBoolean(), "true or false").convert<bool>();
  }
  void read(const std::string& name, int& target) {
    if (has(name)) target = typed(name, isNumber(json_.get(name)), "a whole number").convert<int>();
  }
  void read(const std::string& name, std::string& target) {
    if (has(name)) target = typed(name, json_.get(name).isString(), "a text").convert<std::string>();
  }
  void read(const std::string& name, std::vector<std::string>& target) {
    if (!has(name)) return;
    const auto list = json_.getArray(name);
    if (list.isNull()) throw BadControl(name + " must be a list of texts");
    target.clear();
    for (const auto& item : *list) {
      if (!item.isString()) throw BadControl(name + " must be a list of texts");
      target.push_back(item.toString());
    }
  }
  void read(const std::string& name, Poco::JSON::Object::Ptr& target) {
    if (!has(name)) return;
    target = json_.getObject(name);
    if (target.isNull()) throw BadControl(name + " must be an object");
  }
  template <typename Value>
  void read(const std::string& name, std::optional<Value>& target) {
    if (!has(name)) return;
    Value value{};
    read(name, value);
    target = std::move(value);
  }

  /// Call last.
  void refuseOthers() const {
    for (const auto& entry : json_) {
      if (!known_.contains(entry.first)) throw BadControl("unknown field \"" + entry.first + "\"");
    }
  }

 private:
  static bool isNumber(const Poco::Dynamic::Var& value) {
    return value.isInteger() && !value.isBoolean() && !value.isString();
  }
  Poco::Dynamic::Var typed(const std::string& name, bool fits, const char* allowed) const {
    if (!fits) throw BadControl(name + " must be " + allowed);
    return json_.get(name);
  }

  const Poco::JSON::Object& json_;
  std::set<std::string> known_;
};

}  // namespace sandbox
