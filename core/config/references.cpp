#include "config/references.hpp"

#include <algorithm>
#include <cctype>

namespace agw {
namespace {

constexpr std::string_view kFilePrefix = "file:";
constexpr std::size_t kLongestName = 128;

bool isVariableName(std::string_view name) {
  const auto wordCharacter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && name.size() <= kLongestName &&
         std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), wordCharacter);
}

ResolvedText readFileAt(std::string_view path, bool mayBeRelative) {
  ResolvedText resolved;
  resolved.referenced = true;
  if (!mayBeRelative && !path.starts_with('/')) {
    resolved.faults.emplace_back("a file reference names an absolute path: file:/run/secrets/name");
    return resolved;
  }
  const std::string shownPath(path);
  TextFile file = readTextFile(shownPath);
  if (!file.warning.empty()) resolved.warnings.push_back("file:" + shownPath + ": " + file.warning);
  if (file.text && !file.text->empty()) {
    resolved.text = std::move(*file.text);
  } else if (file.text || file.absent) {
    resolved.missing.push_back("file:" + shownPath);
  } else {
    resolved.faults.push_back("file:" + shownPath + ": " + file.fault);
  }
  return resolved;
}

ResolvedText resolveVariables(std::string_view written, const Environment& environment);

/// The path may come from a variable; then, like every path in a variable, it may be relative to the working
/// folder. An empty one is an empty text: `file:${NAME:-}`.
ResolvedText readReferredFile(std::string_view written, const Environment& environment) {
  ResolvedText path = resolveVariables(written, environment);
  if (!path.referenced) return readFileAt(path.text, false);
  if (!path.missing.empty() || !path.faults.empty() || path.text.empty()) {
    path.text.clear();
    path.clearDefault = false;
    return path;
  }
  return readFileAt(path.text, true);
}

/// Puts the value of what stands between the braces at the end of `resolved`.
void appendVariable(std::string_view inside, const Environment& environment, ResolvedText& resolved) {
  const auto separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!isVariableName(name)) {
    resolved.faults.emplace_back("a reference must look like ${NAME} or ${NAME:-default}");
    return;
  }
  resolved.referenced = true;
  auto value = readVariable(environment, name);
  if (!value.warning.empty()) resolved.warnings.push_back(value.warning);
  if (!value.fault.empty()) {
    resolved.faults.push_back(value.fault);
  } else if (value.text) {
    resolved.text += *value.text;
  } else if (separator != std::string_view::npos) {
    const auto fallback = inside.substr(separator + 2);
    resolved.clearDefault = resolved.clearDefault || !fallback.empty();
    resolved.text += fallback;
  } else if (std::find(resolved.missing.begin(), resolved.missing.end(), name) == resolved.missing.end()) {
    resolved.missing.push_back(name);
  }
}

ResolvedText resolveVariables(std::string_view written, const Environment& environment) {
  ResolvedText resolved;
  while (!written.empty()) {
    const auto dollar = written.find('$');
    resolved.text += written.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    written = written.substr(dollar);
    if (written.starts_with("$${")) {
      resolved.text += "${";
      written.remove_prefix(3);
    } else if (written.starts_with("${")) {
      const auto end = written.find('}');
      if (end == std::string_view::npos) {
        resolved.faults.emplace_back("a reference ${... is not closed with }");
        break;
      }
      appendVariable(written.substr(2, end - 2), environment, resolved);
      written = written.substr(end + 1);
    } else {
      resolved.text += '$';
      written.remove_prefix(1);
    }
  }
  return resolved;
}

}  // namespace

ResolvedText resolveReferences(std::string_view written, const Environment& environment) {
  if (written.starts_with(kFilePrefix))
    return readReferredFile(written.substr(kFilePrefix.size()), environment);
  return resolveVariables(written, environment);
}

}  // namespace agw
