#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "domain/provider.hpp"

namespace agw {

/// The part of JSON Schema that options are described with: `type` (one or several), `enum`, `properties`,
/// `required`, `additionalProperties`, `items`, `minItems`, `minLength`, `maxLength`, `minimum`, `maximum`,
/// `format: uri`, and `true` or `false` as a schema. Notes (`title`, `description`, `default`, `examples`,
/// `$schema`, `$id`) are allowed and mean nothing.
///
/// `BadOption` for a schema that is no JSON, is wrong in itself, or uses another keyword: a rule that is
/// silently not enforced is worse than none. Written here because the messages must say what was found and
/// what is allowed, which the packaged validators do not.
[[nodiscard]] Result<void> checkSchema(std::string_view schema);

/// Bits of the plugin contract as the domain reads them.
[[nodiscard]] Capabilities capabilitiesOf(std::uint64_t bits);

}  // namespace agw
