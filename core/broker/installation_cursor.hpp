#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Where the next page of installations begins.
struct InstallationPlace {
  std::size_t declared = 0;                        ///< how many of the file's items are behind
  std::optional<InstallationFilter::Place> after;  ///< the last stored one
};

/// Opaque to callers: base64url of `<declared>:<milliseconds>:<id>`.
[[nodiscard]] std::string makeCursor(const InstallationPlace& place);
/// The beginning for an empty one. `InvalidRequest` for what `makeCursor` did not make.
[[nodiscard]] Result<InstallationPlace> readCursor(const std::string& cursor);

}  // namespace agw
