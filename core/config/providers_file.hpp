#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "domain/provider.hpp"

namespace agw {

/// providers.yaml, checked. Usable when no fault is an error.
struct ProvidersFile {
  std::string name;  ///< as it appears in faults
  std::vector<ProviderConfig> providers;
  std::vector<DeclaredInstallation> installations;
  std::vector<ConfigFault> faults;  ///< by place

  /// Where an option stands in the file, so that a fault found by a plugin's schema can be reported with its
  /// line. `optionPointer` is a JSON pointer into `options`; one that is not there gets the nearest place
  /// above it. Empty message.
  [[nodiscard]] ConfigFault locate(const std::string& providerId, const std::string& optionPointer) const;
  /// Where the entry's plugin is named.
  [[nodiscard]] ConfigFault locatePlugin(const std::string& providerId) const;

  struct Place {
    int line = 0;
    int column = 0;
  };
  std::map<std::string, Place> places;  ///< "id", a line break, JSON pointer into the entry
};

/// Parses and checks `text`, which came from `name`. Size, depth and node limits; no anchors, aliases, tags,
/// merge keys or duplicate keys; a syntax fault is reported by place, never by quoting the line. References
/// are resolved from `environment` and files; what is not there makes the entry "not configured", not the
/// file wrong. `callbackBase` gives each entry its redirect URI, `<base>/auth/callback/<id>`, unless it sets
/// its own.
[[nodiscard]] ProvidersFile parseProviders(const std::string& text, const std::string& name,
                                           const Environment& environment, const std::string& callbackBase,
                                           DeploymentKind deployment);

/// Reads the file whole, at most 1 MiB, then parses it.
[[nodiscard]] ProvidersFile readProviders(const std::filesystem::path& file, const Environment& environment,
                                          const std::string& callbackBase, DeploymentKind deployment);

}  // namespace agw
