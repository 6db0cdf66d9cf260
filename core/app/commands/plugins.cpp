#include <ostream>

#include "app/commands/common.hpp"
#include "app/wiring.hpp"
#include "plugin/plugin.hpp"
#include "provider_check.hpp"

namespace agw {
namespace {

std::string capabilitiesOf(const Capabilities& capabilities) {
  std::vector<std::string> words;
  switch (capabilities.pkce) {
    case Capabilities::Pkce::None:
      break;
    case Capabilities::Pkce::Optional:
      words.emplace_back("pkce optional");
      break;
    case Capabilities::Pkce::Required:
      words.emplace_back("pkce");
      break;
  }
  if (capabilities.refresh) words.emplace_back("refresh");
  if (capabilities.revoke) words.emplace_back("revoke");
  if (capabilities.identity)
    words.emplace_back(capabilities.verifiedEmail ? "verified identity" : "identity");
  if (capabilities.installations) words.emplace_back("installations");
  if (capabilities.device) words.emplace_back("device");
  if (capabilities.webhooks) words.emplace_back("webhooks");
  return joinWords(words);
}

void describe(const CommandContext& context, const Plugin& plugin) {
  context.out << plugin.id << " " << plugin.version << "  " << plugin.displayName << "\n  "
              << capabilitiesOf(plugin.capabilities) << "\n";
}

}  // namespace

int checkPlugins(const CommandContext& context, const std::vector<std::filesystem::path>& files) {
  int refused = 0;
  for (const auto& file : files) {
    context.out << file.string() << "\n";
    if (checkProvider(std::filesystem::absolute(file).lexically_normal(), context.out) != 0) refused = 1;
  }
  return refused;
}

int listPlugins(const CommandContext& context) {
  const auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings) return 1;
  if (const auto builtin = adoptPlugin(builtinOauth2()); builtin) describe(context, *builtin);
  const auto folder = pluginFolder(*settings);
  const auto scanned = scanPlugins(folder);
  if (!scanned) return fail(context, scanned.error());
  int refused = 0;
  for (const auto& entry : *scanned) {
    if (entry.plugin) {
      describe(context, *entry.plugin);
    } else {
      refused = fail(context, entry.plugin.error());
    }
  }
  return refused;
}

}  // namespace agw
