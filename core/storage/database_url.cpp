#include <charconv>

#include "base/encoding.hpp"
#include "storage/open.hpp"
#include "storage/postgres/options.hpp"

namespace agw {
namespace {

Error refused(const std::string& message) {
  return Error{.kind = ErrorKind::BadOption, .message = "DATABASE_URL: " + message};
}

/// Takes the part of `text` before `mark` away from it, and the mark. All of it when there is no mark.
std::string_view cutAt(std::string_view& text, char mark) {
  const auto place = text.find(mark);
  const auto part = text.substr(0, place);
  text = place == std::string_view::npos ? std::string_view() : text.substr(place + 1);
  return part;
}

std::optional<std::string> decoded(std::string_view text) {
  auto plain = percentDecode(text, false);
  if (plain && (plain->find('\0') != std::string::npos || !isUtf8(*plain))) return std::nullopt;
  return plain;
}

Result<DatabaseSettings> parseSqlite(std::string_view rest) {
  DatabaseSettings settings;
  const auto path = rest.starts_with('/') ? decoded(rest.substr(1)) : std::nullopt;
  if (!path || path->empty() || rest.find_first_of("?#") != std::string_view::npos ||
      path->starts_with(":")) {
    return refused("a SQLite file is named as sqlite:///relative/path or sqlite:////absolute/path.");
  }
  settings.path = *path;
  return settings;
}

Result<void> readHost(std::string_view text, DatabaseSettings& settings) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refused("the IPv6 address has no closing bracket.");
    settings.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refused("a colon belongs between address and port.");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto host = decoded(cutAt(text, ':'));
    if (!host) return refused("the host is not readable.");
    settings.host = *host;
    port = text;
  }
  if (port.empty()) return {};
  const auto read = std::from_chars(port.data(), port.data() + port.size(), settings.port);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size() || settings.port < 1 ||
      settings.port > 65535) {
    return refused("the port must be a number from 1 to 65535.");
  }
  return {};
}

Result<void> readUser(std::string_view text, DatabaseSettings& settings) {
  const auto user = decoded(cutAt(text, ':'));
  const auto password = decoded(text);
  if (!user || !password)
    return refused("user or password is not readable; percent-encode special characters.");
  settings.user = *user;
  if (settings.password.empty()) settings.password = Secret(*password);
  return {};
}

/// A `host` among the parameters is the host; the others stay parameters.
Result<void> readParameters(std::string_view query, DatabaseSettings& settings) {
  auto options = storage::parseParameters(query);
  if (!options) return std::move(options).error();
  for (const auto& [keyword, value] : *options) {
    if (keyword == "host") {
      settings.host = value;
      continue;
    }
    settings.parameters += (settings.parameters.empty() ? "" : "&") + keyword + "=" + percentEncode(value);
  }
  return {};
}

Result<DatabaseSettings> parsePostgres(std::string_view rest, Secret password) {
  DatabaseSettings settings;
  settings.kind = DatabaseSettings::Kind::Postgres;
  settings.password = std::move(password);
  std::string_view place = cutAt(rest, '?');
  std::string_view authority = cutAt(place, '/');
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto user = readUser(authority.substr(0, at), settings); !user) return std::move(user).error();
    authority.remove_prefix(at + 1);
  }
  if (auto host = readHost(authority, settings); !host) return std::move(host).error();
  const auto name = decoded(place);
  if (!name || name->empty()) {
    return refused("the database is missing: postgresql://user@host:5432/database.");
  }
  settings.name = *name;
  if (auto parameters = readParameters(rest, settings); !parameters) return std::move(parameters).error();
  return settings;
}

}  // namespace

Result<DatabaseSettings> parseDatabaseUrl(std::string_view url, Secret password) {
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.starts_with(scheme)) return parsePostgres(url.substr(scheme.size()), std::move(password));
  }
  constexpr std::string_view kSqlite = "sqlite://";
  if (url.starts_with(kSqlite)) return parseSqlite(url.substr(kSqlite.size()));
  return refused("it must start with sqlite:/// or postgresql://.");
}

}  // namespace agw
