#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "storage/open.hpp"

namespace agw::storage {

/// libpq's keywords with their values, each given apart, so that no value can be read as another keyword.
using ConnectionOptions = std::vector<std::pair<std::string, std::string>>;

/// Splits `key=value&key=value` of a URL's query, percent-decoded. `BadOption` names a keyword that is not
/// allowed, given twice, or without value.
[[nodiscard]] Result<ConnectionOptions> parseParameters(std::string_view query);

/// Everything but the password, with the time-outs that the gateway relies on.
[[nodiscard]] Result<ConnectionOptions> connectionOptions(const DatabaseSettings& settings);

/// Whether a third party on the way to the server could read and change what is sent.
[[nodiscard]] bool readableOnTheWay(const ConnectionOptions& options);

}  // namespace agw::storage
