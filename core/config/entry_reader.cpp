#include "config/entry_reader.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "config/nearest.hpp"

namespace agw {
namespace {

bool hasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::vector<std::string> namesOf(std::span<const FileKey> keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.emplace_back(key.name);
  return names;
}

}  // namespace

void FaultList::error(YamlPlace place, std::string path, std::string message) {
  faults_.push_back({file_, place.line, place.column, std::move(path), std::move(message), false});
}

void FaultList::warning(YamlPlace place, std::string path, std::string message) {
  faults_.push_back({file_, place.line, place.column, std::move(path), std::move(message), true});
}

std::vector<ConfigFault> FaultList::sorted() && {
  std::stable_sort(faults_.begin(), faults_.end(), [](const ConfigFault& left, const ConfigFault& right) {
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  return std::move(faults_);
}

void EntryReader::checkKeys(std::span<const FileKey> keys) {
  const auto names = namesOf(keys);
  for (const auto& key : map_.keys) {
    if (std::find(names.begin(), names.end(), key.text) != names.end()) continue;
    const std::string hint = didYouMean(key.text, names);
    faults_.error(
        key.place, path_,
        "unknown key " + shown(key.text) + (hint.empty() ? "; allowed are " + joinOr(names) : hint));
  }
  for (const auto& key : keys) {
    if (key.required && find(std::string(key.name)) == nullptr) {
      faults_.error(map_.place, path_, "the key \"" + std::string(key.name) + "\" is missing");
    }
  }
}

const YamlNode* EntryReader::textNode(const std::string& key) {
  const YamlNode* node = find(key);
  if (node == nullptr) return nullptr;
  if (node->kind == YamlNode::Kind::Text) return node;
  error(key, std::string("found ") + node->kindName() + ", allowed is a text");
  return nullptr;
}

ResolvedText EntryReader::resolve(const YamlNode& node, const std::string& path) {
  ResolvedText resolved = resolveReferences(node.text, environment_);
  for (auto& fault : resolved.faults) faults_.error(node.place, path, std::move(fault));
  for (auto& warning : resolved.warnings) faults_.warning(node.place, path, std::move(warning));
  for (const auto& name : resolved.missing) {
    if (std::find(missing_.begin(), missing_.end(), name) == missing_.end()) missing_.push_back(name);
  }
  return resolved;
}

bool EntryReader::isUnsetDefault(const YamlNode& node) const {
  if (!node.text.starts_with("${")) return false;
  const ResolvedText resolved = resolveReferences(node.text, environment_);
  return resolved.text.empty() && resolved.missing.empty() && resolved.faults.empty();
}

std::string EntryReader::text(const std::string& key) {
  const YamlNode* node = textNode(key);
  if (node == nullptr) return {};
  ResolvedText resolved = resolve(*node, pathOf(key));
  if (hasControl(resolved.text)) {
    error(key, "it has a line break or another control character");
    return {};
  }
  return std::move(resolved.text);
}

Secret EntryReader::secret(const std::string& key, DeploymentKind deployment) {
  Secret secret = secretLines(key, deployment);
  if (!hasControl(secret.reveal())) return secret;
  error(key, "it has a line break or another control character");
  return {};
}

Secret EntryReader::secretLines(const std::string& key, DeploymentKind deployment) {
  const YamlNode* node = textNode(key);
  if (node == nullptr) return {};
  ResolvedText resolved = resolve(*node, pathOf(key));
  Secret secret(std::move(resolved.text));
  const bool inClear = resolved.clearDefault || (!resolved.referenced && !secret.empty());
  if (inClear && resolved.faults.empty()) {
    const std::string message =
        "a secret stands in the file in clear; refer to it as ${NAME} or file:/run/secrets/name";
    deployment == DeploymentKind::Production ? error(key, message + " (refused in production)")
                                             : warning(key, message);
  }
  return secret;
}

std::string EntryReader::name(const std::string& key) {
  const YamlNode* node = textNode(key);
  return node == nullptr ? std::string() : node->text;
}

bool EntryReader::flag(const std::string& key) {
  const YamlNode* node = textNode(key);
  if (node == nullptr) return false;
  if (node->plain && (node->text == "true" || node->text == "false")) return node->text == "true";
  error(key, "found " + shown(node->text) + ", allowed are true or false");
  return false;
}

int EntryReader::number(const std::string& key, int least, int most, int otherwise) {
  const YamlNode* node = textNode(key);
  if (node == nullptr) return otherwise;
  int number = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [stop, fault] = std::from_chars(node->text.data(), end, number);
  if (node->plain && fault == std::errc() && stop == end && number >= least && number <= most) return number;
  error(key, "found " + shown(node->text) + ", allowed is a whole number from " + std::to_string(least) +
                 " to " + std::to_string(most));
  return otherwise;
}

std::size_t EntryReader::choice(const std::string& key, const std::vector<std::string>& words,
                                std::size_t otherwise) {
  const YamlNode* node = textNode(key);
  if (node == nullptr) return otherwise;
  const auto found = std::find(words.begin(), words.end(), node->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  error(key, "found " + shown(node->text) + ", allowed are " + joinOr(words) + didYouMean(node->text, words));
  return otherwise;
}

std::vector<std::string> EntryReader::words(const std::string& key) {
  const YamlNode* node = find(key);
  if (node == nullptr) return {};
  if (node->kind != YamlNode::Kind::List) {
    error(key, std::string("found ") + node->kindName() + ", allowed is a list like [openid, email]");
    return {};
  }
  std::vector<std::string> words;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const YamlNode& item = node->items[i];
    const std::string path = pathOf(key) + "[" + std::to_string(i) + "]";
    if (item.kind != YamlNode::Kind::Text) {
      faults_.error(item.place, path, std::string("found ") + item.kindName() + ", allowed is a text");
      continue;
    }
    ResolvedText resolved = resolve(item, path);
    if (!resolved.missing.empty() || !resolved.faults.empty()) continue;
    if (resolved.text.empty() || hasControl(resolved.text) || resolved.text.find(' ') != std::string::npos) {
      faults_.error(item.place, path, "a text without blanks is allowed; make one item of each word");
    } else if (!seen.insert(resolved.text).second) {
      faults_.error(item.place, path, "this item is in the list twice");
    } else {
      words.push_back(std::move(resolved.text));
    }
  }
  return words;
}

void EntryReader::error(const std::string& key, std::string message) {
  const YamlNode* node = find(key);
  faults_.error(node != nullptr ? node->place : map_.place, pathOf(key), std::move(message));
}

void EntryReader::warning(const std::string& key, std::string message) {
  const YamlNode* node = find(key);
  faults_.warning(node != nullptr ? node->place : map_.place, pathOf(key), std::move(message));
}

}  // namespace agw
