#include "app/commands/common.hpp"

#include <ostream>

#include "app/log.hpp"
#include "app/wiring.hpp"

namespace agw {

std::optional<Settings> settingsFor(const CommandContext& context, SettingsUse use) {
  auto read = readSettings(context.environment, use, context.variableNames);
  if (const auto database = databaseSettings(read.settings); !database) {
    read.faults.push_back({.message = database.error().message});
  }
  for (const auto& fault : read.faults) context.err << "auth-gateway: " << fault.text() << "\n";
  if (anyError(read.faults)) return {};
  return std::move(read.settings);
}

int fail(const CommandContext& context, const Error& error) {
  context.err << "auth-gateway: " << error.message << "\n";
  if (!error.detail.empty()) context.err << "  (" << error.detail << ")\n";
  return 1;
}

Result<OpenDatabase> openDatabase(const CommandContext& context, const Settings& settings,
                                  SchemaPolicy policy) {
  OpenDatabase database;
  database.log = makeStreamLog(context.err, std::max(settings.logLevel, LogLevel::Warning), LogFormat::Text,
                               context.clock);
  const auto address = databaseSettings(settings);
  if (!address) return address.error();
  auto storage = openStorage(*address, policy, context.clock, *database.log, Access::Command);
  if (!storage) return std::move(storage).error();
  database.storage = std::move(*storage);
  database.shown = shownDatabase(*address);
  return database;
}

std::string joinWords(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace agw
