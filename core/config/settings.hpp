#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace agw {

/// The environment as the settings read it: variable name to value. Tests give a map; the application gives a
/// snapshot that it wipes from the process afterwards.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

enum class DeploymentKind { Development, Staging, Production };
enum class LogFormat { Json, Text };

/// Every variable of the REST contract's environment section, checked. `docs/configuration.md` is their manual.
struct Settings {
  std::string databaseUrl;  ///< DATABASE_URL, or built from POSTGRES_*
  Secret databasePassword;  ///< apart from the URL, so that the URL can be shown
  Secret encryptionKey;
  Secret encryptionKeySalt;
  std::vector<Secret> rotationKeys;
  Secret rootApiKey;
  std::string callbackBase;  ///< OAUTH_CALLBACK_BASE, without trailing slash
  std::string host;
  int port = 8000;
  std::filesystem::path pluginDir;
  std::filesystem::path providersFile;
  DeploymentKind deployment = DeploymentKind::Development;
  std::chrono::minutes flowLife{15};
  std::chrono::seconds refreshBuffer{300};
  LogLevel logLevel = LogLevel::Info;
  LogFormat logFormat = LogFormat::Json;
  std::string tlsCertificateFile;
  std::string tlsKeyFile;
  std::vector<std::string> trustedProxies;
  std::vector<std::string> redirectAllowList;
  std::string caFile;
};

/// One thing wrong, for people: which variable or which place of which file, what was found, what is allowed.
struct ConfigFault {
  std::string file;      ///< empty: the environment
  int line = 0;          ///< from 1; 0: none
  int column = 0;
  std::string path;      ///< `providers.google.scopes[1]`, or the variable's name
  std::string message;   ///< never quotes a secret
  bool warning = false;  ///< does not stop the start

  /// `config/providers.yaml:7:5: providers.google.scops: unknown key; did you mean "scopes"?`
  [[nodiscard]] std::string text() const;
};

struct SettingsResult {
  Settings settings;
  std::vector<ConfigFault> faults;  ///< all at once; settings are usable when none is an error
};

/// Reads `NAME` or the file that `NAME_FILE` names (both set: a fault; one newline at the end is trimmed).
[[nodiscard]] SettingsResult readSettings(const Environment& environment);

}  // namespace agw
