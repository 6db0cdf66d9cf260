#include "api/endpoints/fields.hpp"

#include <algorithm>
#include <charconv>

#include "api/redirect_target.hpp"
#include "api/text.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxId = 255;
constexpr std::size_t kMaxNames = 500;
constexpr std::size_t kMaxName = 100;

bool isWord(std::string_view text, std::string_view marks) {
  return !text.empty() && text.size() <= kMaxName && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Result<std::vector<std::string>> checkedRepositories(std::vector<std::string> names) {
  const bool fit = names.size() <= kMaxNames && std::all_of(names.begin(), names.end(), [](const auto& name) {
                     return isWord(name, "-._");
                   });
  if (fit) return names;
  return fieldFault("repositories",
                    "'repositories' must be at most 500 names of letters, digits, '-', '.' and '_'.");
}

Error permissionsFault() {
  return fieldFault("permissions",
                    "'permissions' must give each name its level, as in contents:read,issues:write or "
                    "{\"contents\": \"read\"}.");
}

}  // namespace

std::optional<Error> onlyKnown(const Query& query, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : query) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string list;
    for (const auto known : names) list += (list.empty() ? "'" : ", '") + std::string(known) + "'";
    const auto shown = shownName(name);
    return fieldFault(shown, "The parameter '" + shown + "' is not known here; allowed are " + list + ".");
  }
  return std::nullopt;
}

Result<std::string> checkedId(const std::string& text, const char* name) {
  const bool fit = !text.empty() && text.size() <= kMaxId &&
                   std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (fit) return text;
  return fieldFault(name,
                    std::string("'") + name +
                        "' must be the provider's id: 1 to 255 printable ASCII characters without spaces.");
}

Result<std::string> optionalId(const JsonBody& body, const char* name) {
  auto text = body.optionalText(name);
  if (!text) return std::move(text).error();
  return *text ? checkedId(**text, name) : Result<std::string>(std::string());
}

Result<std::string> optionalId(const Query& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? Result<std::string>(std::string()) : checkedId(found->second, name);
}

Result<std::optional<std::int64_t>> optionalInteger(const Query& query, const char* name, std::int64_t least,
                                                    std::int64_t most) {
  const auto found = query.find(name);
  if (found == query.end()) return std::optional<std::int64_t>();
  const auto& text = found->second;
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size() && number >= least && number <= most)
    return std::optional(number);
  return fieldFault(name, std::string("'") + name + "' must be a whole number from " + std::to_string(least) +
                              " to " + std::to_string(most) + ".");
}

Result<std::string> checkedRedirect(const Gateway& gateway, const std::string& target) {
  const auto& settings = gateway.parts.settings;
  if (target.empty() || isAllowedRedirect(target, settings.redirectAllowList, settings.development))
    return target;
  return fieldFault(
      "redirect_after",
      "'redirect_after' must be an https address that an administrator has put on the allow-list of "
      "redirects.",
      "invalid_redirect");
}

Result<std::vector<std::string>> readRepositories(const Query& query) {
  const auto found = query.find("repositories");
  if (found == query.end()) return std::vector<std::string>();
  return checkedRepositories(split(found->second));
}

Result<std::vector<std::string>> readRepositories(const JsonBody& body) {
  auto names = body.optionalTexts("repositories");
  if (!names) return std::move(names).error();
  return checkedRepositories(names->value_or(std::vector<std::string>()));
}

Result<boost::json::object> readPermissions(const Query& query) {
  boost::json::object permissions;
  const auto found = query.find("permissions");
  if (found == query.end()) return permissions;
  for (const auto& part : split(found->second)) {
    const auto colon = std::min(part.find(':'), part.size());
    const auto name = part.substr(0, colon);
    const auto level = colon < part.size() ? part.substr(colon + 1) : std::string();
    if (!isWord(name, "_") || !isWord(level, "_") || permissions.contains(name)) return permissionsFault();
    permissions[name] = level;
  }
  return permissions;
}

Result<boost::json::object> readPermissions(const JsonBody& body) {
  auto permissions = body.optionalObject("permissions");
  if (!permissions) return std::move(permissions).error();
  if (!*permissions) return boost::json::object();
  for (const auto& [name, level] : **permissions) {
    if (!level.is_string() || !isWord({name.data(), name.size()}, "_") ||
        !isWord({level.get_string().data(), level.get_string().size()}, "_"))
      return permissionsFault();
  }
  return std::move(**permissions);
}

}  // namespace agw::api
