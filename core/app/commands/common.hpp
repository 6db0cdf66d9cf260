#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "base/log.hpp"
#include "crypto/vault.hpp"
#include "storage/open.hpp"

namespace agw {

/// The settings, or nothing after telling every fault.
[[nodiscard]] std::optional<Settings> settingsFor(const CommandContext& context, SettingsUse use);

/// Tells why a command ends and returns its exit code.
int fail(const CommandContext& context, const Error& error);

/// The database as an operator's command needs it, with a log to standard error for what the storage has to
/// say.
struct OpenDatabase {
  std::unique_ptr<Log> log;
  std::string shown;  ///< where it is, without the password
  std::unique_ptr<Storage> storage;
};
[[nodiscard]] Result<OpenDatabase> openDatabase(const CommandContext& context, const Settings& settings,
                                                SchemaPolicy policy);

/// `words` between commas.
[[nodiscard]] std::string joinWords(const std::vector<std::string>& words);

}  // namespace agw
