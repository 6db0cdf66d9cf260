#include "config/database_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"

namespace agw {
namespace {

constexpr std::array<std::string_view, 9> kParameters{
    "sslmode",         "sslrootcert",     "sslcert",
    "sslkey",          "sslcrl",          "application_name",
    "channel_binding", "connect_timeout", "target_session_attrs"};

Error bad(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message)};
}

Result<std::string> decoded(std::string_view text, const char* part) {
  auto value = percentDecode(text, false);
  if (!value || value->find('\0') != std::string::npos || !isUtf8(*value)) {
    return bad(std::string("the ") + part + " has a broken percent escape");
  }
  return std::move(*value);
}

Result<DatabaseAddress> parseSqlite(std::string_view rest) {
  constexpr const char* kShape =
      "an SQLite address is sqlite:///relative/file.db or sqlite:////absolute/file.db";
  if (rest.size() < 2 || rest.front() != '/') return bad(kShape);
  auto path = decoded(rest.substr(1), "path");
  if (!path) return std::move(path).error();
  if (path->ends_with('/') || path->find('?') != std::string::npos) return bad(kShape);
  DatabaseAddress address;
  address.path = std::move(*path);
  return address;
}

Result<void> readUser(std::string_view text, DatabaseAddress& address) {
  const auto colon = text.find(':');
  auto user = decoded(text.substr(0, colon), "user");
  if (!user) return std::move(user).error();
  address.user = std::move(*user);
  if (colon == std::string_view::npos) return {};
  auto password = decoded(text.substr(colon + 1), "password");
  if (!password) return std::move(password).error();
  address.password = Secret(std::move(*password));
  return {};
}

Result<void> readHost(std::string_view text, DatabaseAddress& address) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad("the host has a bracket that is not closed");
    host = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return bad("the host is followed by something that is no port");
    port = rest.empty() ? rest : rest.substr(1);
  } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  auto name = decoded(host, "host");
  if (!name) return std::move(name).error();
  address.host = name->empty() ? "localhost" : std::move(*name);
  if (port.empty()) return {};
  const auto number = parsePort(port);
  if (!number) return bad("the port must be a number from 1 to 65535");
  address.port = *number;
  return {};
}

Result<void> checkParameters(std::string_view query) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto item = query.substr(0, end);
    const auto equals = item.find('=');
    const auto name = item.substr(0, equals);
    if (equals == std::string_view::npos ||
        std::find(kParameters.begin(), kParameters.end(), name) == kParameters.end()) {
      return bad(
          "a parameter after ? is not one of sslmode, sslrootcert, sslcert, sslkey, sslcrl, "
          "application_name, "
          "channel_binding, connect_timeout and target_session_attrs");
    }
    if (!percentDecode(item.substr(equals + 1), false))
      return bad("a parameter after ? has a broken percent escape");
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return {};
}

Result<DatabaseAddress> parsePostgres(std::string_view rest) {
  DatabaseAddress address;
  address.kind = DatabaseAddress::Kind::Postgres;
  const auto question = rest.find('?');
  if (question != std::string_view::npos) {
    const auto query = rest.substr(question + 1);
    if (auto checked = checkParameters(query); !checked) return std::move(checked).error();
    address.parameters = std::string(query);
    rest = rest.substr(0, question);
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return bad("the name of the database is missing: postgresql://user@host:port/name");
  }
  auto name = decoded(rest.substr(slash + 1), "name");
  if (!name) return std::move(name).error();
  address.name = std::move(*name);
  std::string_view authority = rest.substr(0, slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto read = readUser(authority.substr(0, at), address); !read) return std::move(read).error();
    authority = authority.substr(at + 1);
  }
  if (address.user.empty()) return bad("the user is missing: postgresql://user@host:port/name");
  if (auto read = readHost(authority, address); !read) return std::move(read).error();
  return address;
}

}  // namespace

std::string DatabaseAddress::shown() const {
  if (kind == Kind::Sqlite) return "sqlite:///" + path;
  return "postgresql://" + user + "@" + host + ":" + std::to_string(port) + "/" + name;
}

Result<DatabaseAddress> parseDatabaseUrl(std::string_view url) {
  const auto scheme = url.substr(0, url.find("://"));
  if (scheme.size() < url.size()) {
    const auto rest = url.substr(scheme.size() + 3);
    if (scheme == "sqlite") return parseSqlite(rest);
    if (scheme == "postgresql" || scheme == "postgres") return parsePostgres(rest);
  }
  return bad("it must start with sqlite:// or postgresql://");
}

std::optional<int> parsePort(std::string_view text) {
  int port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (fault != std::errc() || end != text.data() + text.size() || port < 1 || port > 65'535) return {};
  return port;
}

}  // namespace agw
