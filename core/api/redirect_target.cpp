#include "api/redirect_target.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/text.hpp"
#include "base/encoding.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxLength = 2'048;

struct Parsed {
  bool tls = false;
  std::string host;  ///< lower case
  int port = 0;
  std::string_view path;  ///< starts with `/`, or empty
};

bool isUrlCharacter(char c) {
  constexpr std::string_view marks = "-._~:/?[]@!$&'()*+,;=%";
  return (lowered(c) >= 'a' && lowered(c) <= 'z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

/// Every escape is complete and hides neither structure nor a control octet, also when it is decoded twice.
bool hasHarmlessEscapes(std::string_view text) {
  std::string_view rest = text;
  while (true) {
    const auto at = rest.find('%');
    if (at == std::string_view::npos) return true;
    unsigned value = 0;
    const char* end = rest.data() + std::min(at + 3, rest.size());
    const auto read = std::from_chars(rest.data() + at + 1, end, value, 16);
    if (read.ec != std::errc() || read.ptr != rest.data() + at + 3) return false;
    if (value < 0x20 || value == 0x7f || value == '.' || value == '/' || value == '\\' || value == '%')
      return false;
    rest.remove_prefix(at + 3);
  }
}

bool isHostName(std::string_view host) {
  const bool characters = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return characters && !host.empty() && host.size() <= 253 && host.front() != '.' && host.back() != '.' &&
         host.find("..") == std::string_view::npos;
}

bool isLoopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool hasPlainPath(std::string_view path) {
  if (path.find("//") != std::string_view::npos) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

std::optional<Parsed> parse(std::string_view url) {
  if (url.size() > kMaxLength || !std::all_of(url.begin(), url.end(), isUrlCharacter)) return std::nullopt;
  Parsed parsed;
  if (startsIgnoringCase(url, "https://")) {
    parsed.tls = true;
  } else if (!startsIgnoringCase(url, "http://")) {
    return std::nullopt;
  }
  url.remove_prefix(parsed.tls ? 8 : 7);
  const auto authority = url.substr(0, url.find_first_of("/?"));
  url.remove_prefix(authority.size());
  if (authority.find_first_of("@%") != std::string_view::npos) return std::nullopt;

  const auto colon = authority.rfind(':');
  const bool hasPort =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  parsed.host = toLower(authority.substr(0, hasPort ? colon : authority.size()));
  if (!isHostName(parsed.host) && parsed.host != "[::1]") return std::nullopt;
  parsed.port = parsed.tls ? 443 : 80;
  if (hasPort) {
    const auto* end = authority.data() + authority.size();
    const auto read = std::from_chars(authority.data() + colon + 1, end, parsed.port);
    if (read.ec != std::errc() || read.ptr != end || parsed.port < 1 || parsed.port > 65'535)
      return std::nullopt;
  }

  parsed.path = url.substr(0, url.find('?'));
  if (!hasPlainPath(parsed.path) || !hasHarmlessEscapes(parsed.path)) return std::nullopt;
  const auto query = url.substr(parsed.path.size());
  if (query.find("%0") != std::string_view::npos || query.find("%1") != std::string_view::npos)
    return std::nullopt;
  return parsed;
}

bool liesBelow(std::string_view path, std::string_view entry) {
  while (entry.ends_with('/')) entry.remove_suffix(1);
  return path.starts_with(entry) && (path.size() == entry.size() || path[entry.size()] == '/');
}

}  // namespace

bool isAllowedRedirect(std::string_view target, const std::vector<std::string>& allowed, bool development) {
  const auto wanted = parse(target);
  if (!wanted) return false;
  if (!wanted->tls) return development && isLoopback(wanted->host);
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& text) {
    const auto entry = parse(text);
    return entry && entry->tls && entry->host == wanted->host && entry->port == wanted->port &&
           liesBelow(wanted->path, entry->path);
  });
}

std::string redirectWith(const std::string& target, std::string_view status,
                         const std::pair<std::string, std::string>& id) {
  const char separator = target.find('?') == std::string::npos ? '?' : '&';
  return target + separator + "status=" + percentEncode(status) + "&" + id.first + "=" +
         percentEncode(id.second);
}

}  // namespace agw::api
