#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {

using Query = std::map<std::string, std::string>;

// Fields that several endpoints read alike. Every error is `InvalidRequest` and names the field.

/// The fault of a query that has another parameter than these.
[[nodiscard]] std::optional<Error> onlyKnown(const Query& query,
                                             std::initializer_list<std::string_view> names);

/// An id of an organisation or installation: up to 255 printable ASCII characters without spaces; empty:
/// absent.
[[nodiscard]] Result<std::string> optionalId(const JsonBody& body, const char* name);
[[nodiscard]] Result<std::string> optionalId(const Query& query, const char* name);
[[nodiscard]] Result<std::string> checkedId(const std::string& text, const char* name);

/// A whole number of the query from `least` to `most`.
[[nodiscard]] Result<std::optional<std::int64_t>> optionalInteger(const Query& query, const char* name,
                                                                  std::int64_t least, std::int64_t most);

/// `redirect_after`, looked up in the allow-list; empty: none (`invalid_redirect`).
[[nodiscard]] Result<std::string> checkedRedirect(const Gateway& gateway, const std::string& target);

/// What narrows a token: names as in `a,b` or a list, permissions as in `contents:read,issues:write` or an
/// object. Empty: absent.
[[nodiscard]] Result<std::vector<std::string>> readRepositories(const Query& query);
[[nodiscard]] Result<std::vector<std::string>> readRepositories(const JsonBody& body);
[[nodiscard]] Result<boost::json::object> readPermissions(const Query& query);
[[nodiscard]] Result<boost::json::object> readPermissions(const JsonBody& body);

}  // namespace agw::api
