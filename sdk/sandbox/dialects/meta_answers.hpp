#pragma once

#include "dialect.hpp"

namespace sandbox {

/// What stands in `error` of a Graph answer. Clients go by `code`, then `subcode`; the status says little.
struct MetaFault {
  int code = 0;
  std::string message;
  int subcode = 0;  ///< 0: none
};
[[nodiscard]] Reply metaError(const MetaFault& fault);
/// Why this token does not work; absent: it never existed.
[[nodiscard]] MetaFault tokenFault(const std::optional<AccessToken>& token);

/// A person has another id at each app.
[[nodiscard]] std::string metaUserId(const Consent& consent);
/// The `fields` of a person, comma-separated, that the consent allows.
[[nodiscard]] Poco::JSON::Object metaPerson(const Consent& consent, const std::string& fields);

}  // namespace sandbox
