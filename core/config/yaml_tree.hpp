#pragma once

#include <string>
#include <vector>

namespace agw {

struct YamlPlace {
  int line = 0;    ///< from 1; 0: the file as a whole
  int column = 0;  ///< from 1
};

/// A value of a YAML document with the place where it stands. Only what a configuration needs: texts, lists
/// and mappings with text keys.
struct YamlNode {
  enum class Kind { Nothing, Text, List, Map } kind = Kind::Nothing;
  struct Key {
    std::string text{};
    YamlPlace place{};
  };

  YamlPlace place{};
  std::string text{};             ///< Text
  bool plain = false;             ///< Text without quotes: may stand for a number or a truth value
  std::vector<YamlNode> items{};  ///< List: its items. Map: its values
  std::vector<Key> keys{};        ///< Map: one for each of `items`

  /// The value of a mapping's key; null when it has none.
  [[nodiscard]] const YamlNode* find(const std::string& key) const;
  /// `a text`, `a list`, `a mapping`, `nothing`.
  [[nodiscard]] const char* kindName() const;
};

struct YamlFault {
  YamlPlace place;
  std::string message;  ///< own words; the text is never quoted
};

struct YamlDocument {
  YamlNode root;
  std::vector<YamlFault> faults;  ///< `root` is worth reading only when there is none
};

/// Reads one document from `text`: at most 1 MiB of UTF-8 that ends with a line break, 32 levels, 20,000
/// values. No anchors, aliases, tags, merge keys, duplicate keys, control characters or second documents. The
/// tree is built from the parser's events, so that nothing is ever expanded. Never throws.
[[nodiscard]] YamlDocument parseYaml(const std::string& text);

}  // namespace agw
