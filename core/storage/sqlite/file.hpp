#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "storage/open.hpp"

namespace agw::storage {

/// Makes the database file (mode 0600) and the folders above it that are missing (0700), and takes file and
/// journal away from other users when they could read them. The journal gets the file's mode from SQLite.
/// Returns the file's canonical path. `BadOption` names what stands in the way.
[[nodiscard]] Result<std::string> prepareFile(const std::string& path, Log& log);

/// Keeps a second service from the same file, by a lock that ends with the returned object or the process.
/// `BadOption` when another holds it. Commands take no lock: the rollback journal lets processes share the
/// file safely.
[[nodiscard]] Result<std::shared_ptr<void>> lockForService(const std::string& path);

}  // namespace agw::storage
