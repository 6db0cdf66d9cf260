#pragma once

#include <vector>

#include "base/result.hpp"
#include "domain/provider.hpp"
#include "plugin/host_call.hpp"

namespace agw {

/// The token among the records of an exchange or refresh: the person's where several came, else the first.
/// `Malformed` when there is none, or when what came cannot be one: over 60 KB, control characters, too many
/// scopes.
[[nodiscard]] Result<TokenSet> tokenSetOf(const std::vector<Emitted>& records);

/// Every token of an installation's exchange, in the order they came. `Malformed` also when two have the same
/// kind.
[[nodiscard]] Result<std::vector<TokenSet>> tokenSetsOf(const std::vector<Emitted>& records);

/// `Malformed` unless exactly one account with a subject came.
[[nodiscard]] Result<Identity> identityOf(const std::vector<Emitted>& records);

[[nodiscard]] std::vector<std::string> textsOf(const Fields& fields, std::string_view name);
[[nodiscard]] std::string textOf(const Fields& fields, std::string_view name);
/// Scopes separated by spaces.
[[nodiscard]] Scopes splitScopes(std::string_view text);
[[nodiscard]] std::string joinScopes(const Scopes& scopes);
/// Whole seconds from 1 to ten years; nothing else.
[[nodiscard]] std::optional<std::chrono::seconds> lifeOf(std::string_view digits);

}  // namespace agw
