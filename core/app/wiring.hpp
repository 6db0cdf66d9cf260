#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "crypto/vault.hpp"
#include "net/http_client.hpp"
#include "storage/open.hpp"

namespace agw {

// Settings turned into the parts they configure; used by the service and by the operator's commands.

/// `BadOption` when DATABASE_URL is malformed; the message starts with the variable's name.
[[nodiscard]] Result<DatabaseSettings> databaseSettings(const Settings& settings);
/// The database as it may be shown: without the password.
[[nodiscard]] std::string shownDatabase(const DatabaseSettings& database);
[[nodiscard]] HttpClientSettings httpClientSettings(const Settings& settings);
/// The first key encrypts. `BadOption` when a key is not one.
[[nodiscard]] Result<std::vector<FernetKey>> keyRing(const Settings& settings);
/// What was configured, or `plugins` beside the folder of the running binary.
[[nodiscard]] std::filesystem::path pluginFolder(const Settings& settings);
/// The folder of the running binary.
[[nodiscard]] std::filesystem::path binaryFolder();

}  // namespace agw
