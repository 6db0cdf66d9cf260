#include "config/options_reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>

#include "config/nearest.hpp"

namespace agw {
namespace {

namespace json = boost::json;

/// `~` and `/` as RFC 6901 escapes them.
std::string pointerToken(const std::string& key) {
  std::string token;
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

template <class T>
bool readsAs(const std::string& text, T& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

/// A key as a part of a path in a message.
std::string pathPart(const std::string& key) {
  const std::string quoted = shown(key);
  return quoted.starts_with('"') ? "." + key : ".?";
}

class OptionsReader {
 public:
  OptionsReader(EntryReader& entry, FaultList& faults,
                const std::function<void(const std::string&, YamlPlace)>& note)
      : entry_(entry), faults_(faults), note_(note) {}

  json::value read(const YamlNode& node, const std::string& pointer, const std::string& path) {
    note_(pointer, node.place);
    switch (node.kind) {
      case YamlNode::Kind::Map:
        return readMap(node, pointer, path);
      case YamlNode::Kind::List:
        return readList(node, pointer, path);
      case YamlNode::Kind::Text:
        return readScalar(node, path);
      case YamlNode::Kind::Nothing:
        break;
    }
    faults_.error(node.place, path, "found nothing; give a value or remove the key");
    return nullptr;
  }

 private:
  json::value readMap(const YamlNode& node, const std::string& pointer, const std::string& path) {
    json::object object;
    for (std::size_t i = 0; i < node.items.size() && i < node.keys.size(); ++i) {
      const std::string& key = node.keys[i].text;
      if (node.items[i].kind == YamlNode::Kind::Text && entry_.isUnsetDefault(node.items[i])) continue;
      const std::string below = pointer + "/" + pointerToken(key);
      object[key] = read(node.items[i], below, path + pathPart(key));
      note_(below, node.keys[i].place);
    }
    return object;
  }

  json::value readList(const YamlNode& node, const std::string& pointer, const std::string& path) {
    json::array array;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string index = std::to_string(i);
      array.push_back(read(node.items[i], pointer + "/" + index, path + "[" + index + "]"));
    }
    return array;
  }

  json::value readScalar(const YamlNode& node, const std::string& path) {
    if (node.plain) {
      if (node.text == "true") return true;
      if (node.text == "false") return false;
      std::int64_t whole = 0;
      if (readsAs(node.text, whole)) return whole;
      double number = 0;
      const bool startsAsNumber = node.text.find_first_of("0123456789") < 2;
      if (startsAsNumber && readsAs(node.text, number) && std::isfinite(number)) return number;
    }
    return json::value(entry_.resolve(node, path).text);
  }

  EntryReader& entry_;
  FaultList& faults_;
  const std::function<void(const std::string&, YamlPlace)>& note_;
};

}  // namespace

json::object readOptions(const YamlNode& options, EntryReader& entry, FaultList& faults,
                         const std::function<void(const std::string&, YamlPlace)>& note) {
  if (options.kind != YamlNode::Kind::Map) {
    entry.error("options", std::string("found ") + options.kindName() + ", allowed is a mapping");
    return {};
  }
  return OptionsReader(entry, faults, note).read(options, "", entry.pathOf("options")).as_object();
}

}  // namespace agw
