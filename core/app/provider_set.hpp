#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/providers_file.hpp"
#include "domain/provider.hpp"
#include "plugin/host_services.hpp"
#include "plugin/plugin.hpp"

namespace agw {

/// The plugin that an entry names: the built-in one, or `<folder>/<name>.so` after the loader's checks.
/// `BadOption` with the sentence for the operator.
[[nodiscard]] Result<Plugin> pluginFor(const ProviderConfig& entry, const std::filesystem::path& folder);

/// What is wrong with the entries of a file beyond its text: options that their plugin does not know. An
/// entry that is not configured or whose plugin does not load has none here; it is a visible state.
[[nodiscard]] std::vector<ConfigFault> optionFaults(const ProvidersFile& file,
                                                    const std::filesystem::path& pluginDir);

/// The providers of this process, from one providers.yaml and the plugins it names.
///
/// Safe to call from many threads; `load` runs one at a time. A provider that somebody holds outlives a
/// reload.
class ProviderSet final : public ProviderDirectory {
 public:
  struct Parts {
    std::filesystem::path file;
    std::filesystem::path pluginDir;
    Environment environment;
    std::string callbackBase;
    DeploymentKind deployment = DeploymentKind::Development;
    HostServices& services;  ///< must outlive the set and every provider of it
    Log& log;
  };
  explicit ProviderSet(Parts parts);
  ~ProviderSet() override;

  /// Reads the file, builds every provider and swaps the whole set. With any error among the faults the
  /// running set stays.
  [[nodiscard]] std::vector<ConfigFault> load();

  [[nodiscard]] Result<std::shared_ptr<Provider>> find(const std::string& id) const override;
  [[nodiscard]] std::vector<ProviderStatus> list() const override;
  [[nodiscard]] std::vector<DeclaredInstallation> declaredInstallations() const override;

 private:
  struct Entry {
    ProviderStatus status;
    std::shared_ptr<Provider> provider;  ///< null unless ready
  };
  struct Generation {
    std::map<std::string, Entry> entries;
    std::vector<std::string> order;  ///< of the file
    std::vector<DeclaredInstallation> installations;
  };

  [[nodiscard]] Entry build(const ProviderConfig& config) const;
  [[nodiscard]] std::shared_ptr<const Generation> current() const;

  Parts parts_;
  std::mutex loading_;
  mutable std::mutex swapping_;
  std::shared_ptr<const Generation> generation_;
};

}  // namespace agw
