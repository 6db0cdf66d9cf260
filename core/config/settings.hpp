#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/variables.hpp"

namespace agw {

enum class DeploymentKind { Development, Staging, Production };
enum class LogFormat { Json, Text };
/// Which answers get a line in the log.
enum class AccessLog { Off, Errors, All };

/// Every variable of the REST contract's environment section, checked. `docs/configuration.md` is their
/// manual.
struct Settings {
  Secret databaseUrl;       ///< DATABASE_URL, or built from POSTGRES_*; the storage reads it
  Secret databasePassword;  ///< POSTGRES_PASSWORD: counts before one in the URL
  Secret encryptionKey;     ///< its form is the key ring's to check
  Secret encryptionKeySalt;
  std::vector<Secret> rotationKeys;
  Secret rootApiKey;
  std::string callbackBase;  ///< OAUTH_CALLBACK_BASE, without trailing slash
  std::string host;
  int port = 8000;                  ///< 0: any free one
  std::filesystem::path pluginDir;  ///< empty: `plugins` beside the folder of the binary
  std::filesystem::path providersFile;
  DeploymentKind deployment = DeploymentKind::Development;
  std::chrono::minutes flowLife{15};
  std::chrono::seconds refreshBuffer{300};
  std::size_t cachedGrants = 50'000;  ///< copies of grants in memory; 0: none
  LogLevel logLevel = LogLevel::Info;
  LogFormat logFormat = LogFormat::Json;
  AccessLog accessLog = AccessLog::Errors;
  std::string metricsHost = "127.0.0.1";
  std::optional<int> metricsPort;  ///< absent: no listener of its own; 0: any free one
  int peerLimit = 12'000;          ///< requests a minute of one network without a valid key; 0: no limit
  int keyLimit = 0;                ///< requests a minute of one key
  int consentLimit = 12'000;       ///< consent links and device codes a minute of one key
  int grantLimit = 60;             ///< of those of one user at one provider; as many renewals by force
  std::string tlsCertificateFile;
  std::string tlsKeyFile;
  std::vector<std::string> trustedProxies;  ///< CIDR
  std::vector<std::string> redirectAllowList;
  std::string caFile;
};

/// One thing wrong, for people: which variable or which place of which file, what was found, what is allowed.
struct ConfigFault {
  std::string file{};  ///< empty: the environment
  int line = 0;        ///< from 1; 0: none
  int column = 0;
  std::string path{};     ///< `providers.crm.scopes[1]`, or the variable's name
  std::string message{};  ///< never quotes a secret
  bool warning = false;   ///< does not stop the start

  /// `config/providers.yaml:7:5: providers.crm.scops: unknown key; did you mean "scopes"?`
  [[nodiscard]] std::string text() const;
};

/// Whether any of them stops the start.
[[nodiscard]] bool anyError(const std::vector<ConfigFault>& faults);

struct SettingsResult {
  Settings settings;
  std::vector<ConfigFault> faults;  ///< all at once; settings are usable when none is an error
};

/// What the settings are read for: an operator's command on the database needs no listener and no root key.
enum class SettingsUse { Serve, Tool };

/// Reads `NAME` or the file that `NAME_FILE` names (both set: a fault; one line break at the end is trimmed).
/// `names`: all variables that are set, to warn about `AUTH_GATEWAY_*` ones that nobody reads.
[[nodiscard]] SettingsResult readSettings(const Environment& environment,
                                          SettingsUse use = SettingsUse::Serve,
                                          const std::vector<std::string>& names = {});

}  // namespace agw
