#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "app/commands/common.hpp"
#include "app/wiring.hpp"
#include "plugin/plugin.hpp"
#include "provider_check.hpp"

namespace agw {
namespace {

const char* pkceOf(const Capabilities& can) {
  switch (can.pkce) {
    case Capabilities::Pkce::Optional:
      return "optional";
    case Capabilities::Pkce::Required:
      return "required";
    case Capabilities::Pkce::None:
      break;
  }
  return "none";
}

/// How grants come about.
std::vector<std::string> flowsOf(const Capabilities& can) {
  std::vector<std::string> flows{"code"};
  if (can.device) flows.emplace_back("device");
  if (can.installations) flows.emplace_back("installation");
  return flows;
}

/// What the provider tells of the account that consented.
const char* identityOf(const Capabilities& can) {
  if (!can.identity) return "none";
  return can.verifiedEmail ? "verified e-mail" : "account";
}

const char* revocationOf(const Capabilities& can) {
  if (!can.revoke) return "no";
  return can.revokesAccount ? "whole account" : "yes";
}

/// A Markdown table, to be read as it is and to be put into a document.
void writeTable(std::ostream& out, const std::vector<Plugin>& plugins) {
  out << "| plugin | provider | flows | PKCE | refresh | revoke | identity | installation tokens | webhooks "
         "|\n"
         "|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& plugin : plugins) {
    const auto& can = plugin.capabilities;
    out << "| `" << plugin.id << "` | " << plugin.displayName << " | " << joinWords(flowsOf(can)) << " | "
        << pkceOf(can) << " | " << (can.refresh ? "yes" : "no") << " | " << revocationOf(can) << " | "
        << identityOf(can) << " | "
        << (!can.installations ? "no" : (can.mints ? "minted" : "from the consent")) << " | "
        << (can.webhooks ? "yes" : "no") << " |\n";
  }
}

boost::json::object described(const Plugin& plugin) {
  const auto& can = plugin.capabilities;
  boost::json::array flows;
  for (const auto& flow : flowsOf(can)) flows.emplace_back(flow);
  return {{"id", plugin.id},
          {"version", plugin.version},
          {"display_name", plugin.displayName},
          {"abi_minor", plugin.descriptor->abi_minor},
          {"flows", std::move(flows)},
          {"pkce", pkceOf(can)},
          {"refresh", can.refresh},
          {"revoke", can.revoke},
          {"revokes_account", can.revokesAccount},
          {"identity", can.identity},
          {"verified_email", can.verifiedEmail},
          {"installations", can.installations},
          {"mints", can.mints},
          {"device", can.device},
          {"webhooks", can.webhooks}};
}

void writeJson(std::ostream& out, const std::vector<Plugin>& plugins) {
  boost::json::array all;
  for (const auto& plugin : plugins) all.push_back(described(plugin));
  out << boost::json::serialize(all) << "\n";
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

int listPlugins(const CommandContext& context, bool json) {
  const auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings) return 1;
  std::vector<Plugin> usable;
  if (auto builtin = adoptPlugin(builtinOauth2()); builtin) usable.push_back(std::move(*builtin));
  auto scanned = scanPlugins(pluginFolder(*settings));
  if (!scanned) return fail(context, scanned.error());
  int refused = 0;
  for (auto& entry : *scanned) {
    if (entry.plugin) {
      usable.push_back(std::move(*entry.plugin));
    } else {
      refused = fail(context, entry.plugin.error());
    }
  }
  (json ? writeJson : writeTable)(context.out, usable);
  return refused;
}

}  // namespace agw
