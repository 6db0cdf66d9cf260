#include "app/provider_set.hpp"

namespace agw {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

Result<Plugin> pluginFor(const ProviderConfig& entry, const std::filesystem::path& folder) {
  const agw_provider* builtin = builtinOauth2();
  const std::string_view builtinId(builtin->id.data, builtin->id.size);
  if (entry.plugin != builtinId) {
    // The loader wants absolute paths, so that nothing depends on the working directory.
    return loadPlugin(std::filesystem::absolute(folder).lexically_normal() / (entry.plugin + ".so"),
                      entry.sha256);
  }
  if (!entry.sha256.empty()) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "sha256 is for plugin files; this plugin is built in"};
  }
  return adoptPlugin(builtin);
}

std::vector<ConfigFault> optionFaults(const ProvidersFile& file, const std::filesystem::path& pluginDir) {
  std::vector<ConfigFault> faults;
  for (const auto& entry : file.providers) {
    if (!entry.missing.empty() || entry.plugin.empty()) continue;
    const auto plugin = pluginFor(entry, pluginDir);
    if (!plugin) continue;
    for (const auto& found : checkOptions(*plugin, entry.options)) {
      ConfigFault fault = file.locate(entry.id, found.pointer);
      fault.message = found.message;
      faults.push_back(std::move(fault));
    }
  }
  return faults;
}

ProviderSet::ProviderSet(Parts parts)
    : parts_(std::move(parts)), generation_(std::make_shared<Generation>()) {}

ProviderSet::~ProviderSet() = default;

std::vector<ConfigFault> ProviderSet::load() {
  const std::lock_guard loading(loading_);
  ProvidersFile file = readProviders(parts_.file, parts_.environment, parts_.callbackBase, parts_.deployment);
  std::vector<ConfigFault> faults = std::move(file.faults);
  if (anyError(faults)) return faults;
  auto ofOptions = optionFaults(file, parts_.pluginDir);
  faults.insert(faults.end(), ofOptions.begin(), ofOptions.end());
  if (anyError(faults)) return faults;

  auto next = std::make_shared<Generation>();
  for (const auto& config : file.providers) {
    next->order.push_back(config.id);
    next->entries.emplace(config.id, build(config));
  }
  next->installations = std::move(file.installations);
  const std::lock_guard swapping(swapping_);
  generation_ = std::move(next);
  return faults;
}

ProviderSet::Entry ProviderSet::build(const ProviderConfig& config) const {
  Entry entry;
  ProviderStatus& status = entry.status;
  status.id = config.id;
  status.plugin = config.plugin;
  status.displayName = config.displayName.empty() ? config.id : config.displayName;
  auto plugin = pluginFor(config, parts_.pluginDir);
  if (!plugin) {
    // Callers read it; what the loader says names folders of this machine.
    status.reason =
        "Its plugin was refused. The gateway's log (plugin_refused) and 'auth-gateway plugins check' say "
        "why.";
    parts_.log.write(
        LogLevel::Error, "plugin_refused",
        {{"provider", config.id}, {"reason", plugin.error().message}, {"detail", plugin.error().detail}});
    return entry;
  }
  if (config.displayName.empty()) status.displayName = plugin->displayName;
  status.pluginVersion = plugin->version;
  status.capabilities = plugin->capabilities;
  if (!config.missing.empty()) {
    status.state = LoadState::NotConfigured;
    status.reason = "Not set: " + joined(config.missing);
    parts_.log.write(LogLevel::Info, "provider_not_configured",
                     {{"provider", config.id}, {"missing", joined(config.missing)}});
    return entry;
  }
  entry.provider = makeProvider(std::move(*plugin), config, parts_.services);
  status.displayName = entry.provider->displayName();
  status.capabilities = entry.provider->capabilities();
  status.state = LoadState::Ready;
  return entry;
}

std::shared_ptr<const ProviderSet::Generation> ProviderSet::current() const {
  const std::lock_guard lock(swapping_);
  return generation_;
}

Result<std::shared_ptr<Provider>> ProviderSet::find(const std::string& id) const {
  const auto generation = current();
  const auto found = generation->entries.find(id);
  if (found == generation->entries.end()) {
    return Error{.kind = ErrorKind::NotFound,
                 .message = "There is no provider of that name; GET /providers lists them.",
                 .code = "unknown_provider"};
  }
  const Entry& entry = found->second;
  if (entry.provider) return entry.provider;
  return Error{
      .kind = ErrorKind::Transient,
      .message = "The provider " + id + " cannot be used until an operator acts: " + entry.status.reason,
      .code = "provider_not_configured"};
}

std::vector<ProviderStatus> ProviderSet::list() const {
  const auto generation = current();
  std::vector<ProviderStatus> all;
  for (const auto& id : generation->order) all.push_back(generation->entries.at(id).status);
  return all;
}

std::vector<DeclaredInstallation> ProviderSet::declaredInstallations() const {
  return current()->installations;
}

}  // namespace agw
