#include <algorithm>
#include <ostream>

#include "app/commands/common.hpp"
#include "app/provider_set.hpp"
#include "app/wiring.hpp"

namespace agw {
namespace {

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// What a person wants to know of an entry: whether it works, and if not, what to do.
std::string stateOf(const ProviderConfig& entry) {
  return entry.missing.empty() ? "ready" : "not configured; set " + joinWords(entry.missing);
}

/// Entries whose plugin cannot be had: the gateway starts and shows them as failed; here they are faults.
void addPluginFaults(ProvidersFile& file, const std::filesystem::path& folder) {
  for (const auto& entry : file.providers) {
    if (entry.plugin.empty()) continue;
    const auto plugin = pluginFor(entry, folder);
    if (plugin) continue;
    ConfigFault fault = file.locatePlugin(entry.id);
    fault.message = plugin.error().message;
    file.faults.push_back(std::move(fault));
  }
}

}  // namespace

int configCheck(const CommandContext& context, const std::string& providersFile) {
  auto read = readSettings(context.environment, SettingsUse::Tool, context.variableNames);
  if (const auto database = databaseSettings(read.settings); !database) {
    read.faults.push_back({.message = database.error().message});
  }
  const Settings& settings = read.settings;
  const std::filesystem::path path(providersFile.empty() ? settings.providersFile.string() : providersFile);
  ProvidersFile file = readProviders(path, context.environment, settings.callbackBase, settings.deployment);
  const auto folder = pluginFolder(settings);
  addPluginFaults(file, folder);
  const auto ofOptions = optionFaults(file, folder);
  file.faults.insert(file.faults.end(), ofOptions.begin(), ofOptions.end());
  std::stable_sort(file.faults.begin(), file.faults.end(),
                   [](const ConfigFault& left, const ConfigFault& right) { return left.line < right.line; });
  file.faults.insert(file.faults.begin(), read.faults.begin(), read.faults.end());

  for (const auto& fault : file.faults) context.err << fault.text() << "\n";
  const auto errors = static_cast<std::size_t>(std::count_if(
      file.faults.begin(), file.faults.end(), [](const ConfigFault& fault) { return !fault.warning; }));
  const std::size_t warnings = file.faults.size() - errors;
  if (errors > 0) {
    context.err << "\n" << plural(errors, "error") << " and " << plural(warnings, "warning") << ".\n";
    return 1;
  }
  context.out << path.string() << " is right: " << plural(file.providers.size(), "provider") << ", "
              << plural(file.installations.size(), "installation") << ", " << plural(warnings, "warning")
              << ".\n";
  for (const auto& entry : file.providers) {
    context.out << "  " << entry.id << " (plugin " << entry.plugin << "): " << stateOf(entry) << "\n";
    context.out << "    redirect URI " << entry.redirectUri << "\n";
  }
  return 0;
}

}  // namespace agw
