#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agw::api {

/// A request target, decoded once.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
  std::optional<Error> queryFault;  ///< why `query` is empty
};

/// Takes only origin form (RFC 9112 section 3.2.1). What another server or proxy might read as a different
/// path
/// (`..`, `%2e`, `%2f`, `%5c`, `%00`, a backslash, `//`) is refused instead of repaired. A query that is
/// wrong is for whoever answers at that path.
[[nodiscard]] Result<Target> parseTarget(std::string_view target);

/// `a=1&b=2`, decoded: a query or an application/x-www-form-urlencoded body. A name that stands there twice,
/// a broken escape, a control octet and text that is not UTF-8 are refused; at most 100 parameters.
[[nodiscard]] Result<std::map<std::string, std::string>> parseParameters(std::string_view text);

}  // namespace agw::api
