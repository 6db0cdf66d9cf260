#include "api/edge/target.hpp"

#include <algorithm>

#include "api/text.hpp"
#include "base/encoding.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxParameters = 100;

Error refused(std::string message) {
  return Error{.kind = ErrorKind::InvalidRequest, .message = std::move(message)};
}

bool hasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), isControl);
}

bool isPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

bool hasDotSegment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

/// An escape that another reader of this path could take for structure.
bool hidesStructure(std::string_view path) {
  for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const auto code = path.substr(at + 1, 2);
    for (const std::string_view hidden : {"2e", "2f", "5c", "00"}) {
      if (equalsIgnoringCase(code, hidden)) return true;
    }
  }
  return false;
}

Result<std::string> decodePath(std::string_view path) {
  if (path.find("//") != std::string_view::npos || path.find('\\') != std::string_view::npos ||
      hidesStructure(path) || hasDotSegment(path)) {
    return refused(
        "The path must be in its simplest form: no empty, '.' or '..' segments, also not escaped.");
  }
  if (path.find('%') == std::string_view::npos) return std::string(path);
  auto decoded = percentDecode(path, false);
  if (!decoded || hasControl(*decoded) || !isUtf8(*decoded)) {
    return refused("The path has an escape that is not UTF-8 text.");
  }
  return std::move(*decoded);
}

Result<std::string> decodeParameter(std::string_view text) {
  auto decoded = percentDecode(text, true);
  if (!decoded) return refused("A query parameter has a broken escape: write % as %25.");
  if (hasControl(*decoded) || !isUtf8(*decoded)) {
    return refused("A query parameter is not UTF-8 text without control characters.");
  }
  return std::move(*decoded);
}

}  // namespace

Result<std::map<std::string, std::string>> parseParameters(std::string_view text) {
  std::map<std::string, std::string> parameters;
  while (!text.empty()) {
    const auto piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    if (piece.empty()) continue;
    const auto equals = std::min(piece.find('='), piece.size());
    auto name = decodeParameter(piece.substr(0, equals));
    if (!name) return std::move(name).error();
    auto value = decodeParameter(piece.substr(std::min(equals + 1, piece.size())));
    if (!value) return std::move(value).error();
    if (parameters.size() >= kMaxParameters) return refused("There are more than 100 query parameters.");
    if (const auto [known, added] = parameters.emplace(std::move(*name), std::move(*value)); !added) {
      auto error = refused("The parameter '" + known->first + "' stands there twice; send it once.");
      error.facts["field"] = {known->first};
      return error;
    }
  }
  return parameters;
}

Result<Target> parseTarget(std::string_view target) {
  if (!target.starts_with('/')) {
    return refused("The request target must be a path that starts with '/'.");
  }
  if (!isPlain(target)) return refused("The request target has an octet that must be percent-encoded.");
  const auto question = std::min(target.find('?'), target.size());
  auto path = decodePath(target.substr(0, question));
  if (!path) return std::move(path).error();
  Target parsed{.path = std::move(*path), .query = {}, .queryFault = {}};
  if (question < target.size()) {
    auto query = parseParameters(target.substr(question + 1));
    if (query) {
      parsed.query = std::move(*query);
    } else {
      parsed.queryFault = std::move(query).error();
    }
  }
  return parsed;
}

}  // namespace agw::api
