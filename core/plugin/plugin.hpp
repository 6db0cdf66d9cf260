#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth_gateway/abi.h"
#include "base/result.hpp"
#include "domain/provider.hpp"
#include "plugin/host_services.hpp"

namespace agw {

/// A provider's code, checked and mapped. Never unloaded: calls may be inside it at any time.
struct Plugin {
  std::string id;
  std::string version;
  std::string displayName;
  std::string optionsSchema;
  Capabilities capabilities;
  const agw_provider* descriptor = nullptr;
};

/// Loads `file` after checking who can write it and its folders, that it is an ELF object of this machine,
/// whole, and, if `sha256` is given, that digest; the checked bytes are copied to a private file and that is
/// opened, so that later changes of `file` have no effect. `BadOption` with the sentence that an operator
/// reads. Code of a refused file has not run, unless the refusal is about what its descriptor says. The same
/// bytes are mapped once in a process, however often they are loaded.
[[nodiscard]] Result<Plugin> loadPlugin(const std::filesystem::path& file, const std::string& sha256);

/// The same checks for a descriptor that is linked in.
[[nodiscard]] Result<Plugin> adoptPlugin(const agw_provider* descriptor);

struct ScannedPlugin {
  std::filesystem::path file;
  Result<Plugin> plugin;  ///< or why it was refused
};

/// Loads every `*.so` of `folder`, in the order of their names. An id is the name of its file, so that
/// none can come twice: a file that calls itself otherwise is refused, naming both. `BadOption` when the
/// folder itself cannot be read.
[[nodiscard]] Result<std::vector<ScannedPlugin>> scanPlugins(const std::filesystem::path& folder);

/// The built-in provider `oauth2`: everything from YAML.
[[nodiscard]] const agw_provider* builtinOauth2();

/// Checks `config.options` against the plugin's schema; every fault, for `config check`.
struct OptionFault {
  std::string pointer;  ///< JSON pointer of the faulty key
  std::string message;
};
[[nodiscard]] std::vector<OptionFault> checkOptions(const Plugin& plugin, const boost::json::object& options);

/// A working provider: calls of `Provider` become calls of the plugin. `services` must outlive it.
[[nodiscard]] std::shared_ptr<Provider> makeProvider(Plugin plugin, ProviderConfig config,
                                                     HostServices& services);

}  // namespace agw
