#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/provider_keys.hpp"
#include "config/references.hpp"
#include "config/settings.hpp"
#include "config/yaml_tree.hpp"

namespace agw {

/// Gathers the faults of one file.
class FaultList {
 public:
  explicit FaultList(std::string file) : file_(std::move(file)) {}
  void error(YamlPlace place, std::string path, std::string message);
  void warning(YamlPlace place, std::string path, std::string message);
  /// In the order of the file.
  [[nodiscard]] std::vector<ConfigFault> sorted() &&;

 private:
  std::string file_;
  std::vector<ConfigFault> faults_;
};

/// Reads the values of one mapping of the file. What is wrong goes to the fault list, with place and path;
/// the value read is then empty. Variables and files that are not there are gathered, as they are no fault.
class EntryReader {
 public:
  EntryReader(const YamlNode& map, std::string path, const Environment& environment, FaultList& faults)
      : map_(map), path_(std::move(path)), environment_(environment), faults_(faults) {}

  /// Unknown keys, with the nearest known one, and required ones that are not there.
  void checkKeys(std::span<const FileKey> keys);

  /// References resolved.
  [[nodiscard]] std::string text(const std::string& key);
  /// The same for something that must not stand in the file in clear: warned about, refused in production.
  [[nodiscard]] Secret secret(const std::string& key, DeploymentKind deployment);
  /// The same for one of several lines: a key in PEM.
  [[nodiscard]] Secret secretLines(const std::string& key, DeploymentKind deployment);
  /// A text as it stands: names that other parts refer to.
  [[nodiscard]] std::string name(const std::string& key);
  [[nodiscard]] bool flag(const std::string& key);
  /// A whole number from `least` to `most`; `otherwise` when the key is not there.
  [[nodiscard]] int number(const std::string& key, int least, int most, int otherwise);
  /// One of `words`, as its index; `otherwise` when the key is not there.
  [[nodiscard]] std::size_t choice(const std::string& key, const std::vector<std::string>& words,
                                   std::size_t otherwise);
  /// A list of words without blanks, each at most once.
  [[nodiscard]] std::vector<std::string> words(const std::string& key);

  void error(const std::string& key, std::string message);
  void warning(const std::string& key, std::string message);
  [[nodiscard]] const YamlNode* find(const std::string& key) const { return map_.find(key); }
  [[nodiscard]] std::string pathOf(const std::string& key) const { return path_ + "." + key; }

  /// One text value anywhere below this entry.
  [[nodiscard]] ResolvedText resolve(const YamlNode& node, const std::string& path);
  /// `${NAME:-}` of a variable that is not set: as if its key did not stand there. Records no fault.
  [[nodiscard]] bool isUnsetDefault(const YamlNode& node) const;
  [[nodiscard]] std::vector<std::string> takeMissing() { return std::move(missing_); }

 private:
  [[nodiscard]] const YamlNode* textNode(const std::string& key);

  const YamlNode& map_;
  std::string path_;
  const Environment& environment_;
  FaultList& faults_;
  std::vector<std::string> missing_;
};

}  // namespace agw
