#include "storage/postgres/options.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace agw::storage {
namespace {

// What an operator may set by the URL. Everything else would change what the gateway relies on, or hide the
// password.
constexpr std::array<std::string_view, 11> kAllowed{
    "application_name",    "channel_binding", "connect_timeout", "gssencmode", "host",
    "krbsrvname",          "sslcert",         "sslkey",          "sslmode",    "sslrootcert",
    "target_session_attrs"};

Error refused(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = "DATABASE_URL: " + std::move(message)};
}

std::string valueOf(const ConnectionOptions& options, std::string_view keyword) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const auto& option) { return option.first == keyword; });
  return found == options.end() ? std::string() : found->second;
}

bool usable(std::string_view value) {
  return value.find('\0') == std::string_view::npos && isUtf8(value);
}

Result<std::pair<std::string, std::string>> parseParameter(std::string_view pair) {
  const auto equals = pair.find('=');
  const auto keyword = percentDecode(pair.substr(0, equals), false);
  if (!keyword || std::find(kAllowed.begin(), kAllowed.end(), *keyword) == kAllowed.end()) {
    std::string allowed;
    for (const auto word : kAllowed) allowed += (allowed.empty() ? "" : ", ") + std::string(word);
    // Not quoted: an unencoded "?" in a password makes the rest of it look like a parameter.
    return refused("it has a parameter that is not allowed; allowed are " + allowed + ".");
  }
  const auto value =
      equals == std::string_view::npos ? std::nullopt : percentDecode(pair.substr(equals + 1), false);
  if (!value || value->empty() || !usable(*value)) {
    return refused("the parameter \"" + *keyword + "\" has no usable value.");
  }
  return std::pair(*keyword, *value);
}

}  // namespace

Result<ConnectionOptions> parseParameters(std::string_view query) {
  ConnectionOptions options;
  while (!query.empty()) {
    const auto end = query.find('&');
    auto option = parseParameter(query.substr(0, end));
    if (!option) return std::move(option).error();
    if (!valueOf(options, option->first).empty()) {
      return refused("the parameter \"" + option->first + "\" is given twice.");
    }
    options.push_back(std::move(*option));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return options;
}

Result<ConnectionOptions> connectionOptions(const DatabaseSettings& settings) {
  for (const auto* value : {&settings.host, &settings.user, &settings.name}) {
    if (!usable(*value)) return refused("host, user and database must be UTF-8 without NUL.");
  }
  auto parsed = parseParameters(settings.parameters);
  if (!parsed) return parsed;
  ConnectionOptions options = {{"host", settings.host},
                               {"port", std::to_string(settings.port)},
                               {"user", settings.user},
                               {"dbname", settings.name},
                               {"application_name", "auth-gateway"},
                               {"connect_timeout", "3"},
                               {"tcp_user_timeout", "4000"},
                               {"keepalives_idle", "10"},
                               {"keepalives_interval", "3"},
                               {"keepalives_count", "3"},
                               {"client_encoding", "UTF8"}};
  for (const auto& [keyword, value] : *parsed) {
    const auto own = std::find_if(options.begin(), options.end(),
                                  [&](const auto& option) { return option.first == keyword; });
    if (own == options.end()) {
      options.emplace_back(keyword, value);
    } else {
      own->second = value;
    }
  }
  return options;
}

bool readableOnTheWay(const ConnectionOptions& options) {
  const std::string host = valueOf(options, "host");
  if (host.empty() || host.starts_with('/') || host == "localhost" || host.starts_with("127.") ||
      host == "::1") {
    return false;
  }
  const std::string mode = valueOf(options, "sslmode");
  return mode != "verify-full" && mode != "verify-ca";
}

}  // namespace agw::storage
