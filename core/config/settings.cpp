#include "config/settings.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

#include "base/encoding.hpp"
#include "config/addresses.hpp"
#include "config/nearest.hpp"

namespace agw {
namespace {

constexpr std::size_t kShortestRootKey = 32;
constexpr std::size_t kFewestDistinctCharacters = 8;

/// A host as it stands in a URL.
std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? percentEncode(host) : "[" + host + "]";
}

template <class T>
using Words = std::map<std::string, T>;

/// Reads variables and gathers what is wrong with them.
class Reader {
 public:
  Reader(const Environment& environment, SettingsUse use) : environment_(environment), use_(use) {}

  SettingsResult run(const std::vector<std::string>& names) {
    readDeployment();
    readDatabase();
    readKeys();
    readRootKey();
    readListener();
    readTls();
    readLists();
    readLimits();
    readMetrics();
    readRest();
    checkUnknown(names);
    return {std::move(settings_), std::move(faults_)};
  }

 private:
  void fault(const std::string& name, std::string message, bool warning = false) {
    faults_.push_back({.path = name, .message = std::move(message), .warning = warning});
  }
  void warn(const std::string& name, std::string message) { fault(name, std::move(message), true); }

  std::optional<std::string> get(const std::string& name) {
    auto value = readVariable(environment_, name);
    if (!value.fault.empty()) fault(name, value.fault);
    if (!value.warning.empty()) warn(name, value.warning);
    return std::move(value.text);
  }

  Secret secret(const std::string& name) {
    auto text = get(name);
    return text ? Secret(std::move(*text)) : Secret();
  }

  template <class T>
  void word(const std::string& name, const Words<T>& allowed, T& target) {
    const auto text = get(name);
    if (!text) return;
    const auto found = allowed.find(*text);
    if (found != allowed.end()) {
      target = found->second;
      return;
    }
    std::vector<std::string> words;
    for (const auto& [key, unused] : allowed) words.push_back(key);
    fault(name, "found " + shown(*text) + ", allowed are " + joinOr(words) + didYouMean(*text, words));
  }

  std::optional<int> number(const std::string& name, int least, int most) {
    const auto text = get(name);
    if (!text) return {};
    int value = 0;
    const auto [end, wrong] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (wrong == std::errc() && end == text->data() + text->size() && value >= least && value <= most)
      return value;
    fault(name, "found " + shown(*text) + ", allowed is a whole number from " + std::to_string(least) +
                    " to " + std::to_string(most));
    return {};
  }

  [[nodiscard]] bool development() const { return settings_.deployment == DeploymentKind::Development; }
  [[nodiscard]] bool production() const { return settings_.deployment == DeploymentKind::Production; }

  void readDeployment() {
    word("ENVIRONMENT",
         Words<DeploymentKind>{{"development", DeploymentKind::Development},
                               {"staging", DeploymentKind::Staging},
                               {"production", DeploymentKind::Production}},
         settings_.deployment);
  }

  void readDatabase() {
    const auto host = get("POSTGRES_HOST");
    const auto port = number("POSTGRES_PORT", 1, 65'535);
    const auto user = get("POSTGRES_USER");
    const auto name = get("POSTGRES_DB");
    settings_.databasePassword = secret("POSTGRES_PASSWORD");
    const bool parts = host || port || user || name;
    settings_.databaseUrl = secret("DATABASE_URL");
    if (!settings_.databaseUrl.empty()) {
      if (parts) warn("DATABASE_URL", "it is set, so POSTGRES_HOST, _PORT, _USER and _DB are not used");
    } else if (parts || !settings_.databasePassword.empty()) {
      settings_.databaseUrl =
          Secret("postgresql://" + percentEncode(user.value_or("auth_gateway")) + "@" +
                 bracketed(host.value_or("localhost")) + ":" + std::to_string(port.value_or(5432)) + "/" +
                 percentEncode(name.value_or("auth_gateway")));
    } else {
      settings_.databaseUrl = Secret(std::string("sqlite:///var/auth-gateway.db"));
    }
  }

  void readKeys() {
    settings_.encryptionKey = secret("AUTH_GATEWAY_ENCRYPTION_KEY");
    settings_.encryptionKeySalt = secret("AUTH_GATEWAY_ENCRYPTION_KEY_SALT");
    if (auto list = get("AUTH_GATEWAY_ROTATION_KEYS")) {
      for (auto& item : splitList(*list)) {
        if (item.empty()) fault("AUTH_GATEWAY_ROTATION_KEYS", "an item between the commas is empty");
        settings_.rotationKeys.emplace_back(std::move(item));
      }
      wipe(*list);
    }
    if (settings_.encryptionKey.empty() && use_ == SettingsUse::Serve) {
      fault("AUTH_GATEWAY_ENCRYPTION_KEY", "not set; make one with: auth-gateway generate-keys");
    }
  }

  void readRootKey() {
    settings_.rootApiKey = secret("AUTH_GATEWAY_API_KEY");
    if (use_ != SettingsUse::Serve) return;
    constexpr const char* kName = "AUTH_GATEWAY_API_KEY";
    const std::string cure = "; make one with: auth-gateway generate-keys --api-key";
    const auto key = settings_.rootApiKey.reveal();
    if (key.empty()) return fault(kName, "not set" + cure);
    if (key.size() < kShortestRootKey) {
      return fault(kName, "it has " + std::to_string(key.size()) + " characters, 32 are the least" + cure);
    }
    const auto visible = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
    if (!std::all_of(key.begin(), key.end(), visible)) {
      return fault(kName, "it has a blank or a character outside ASCII, which no header can carry" + cure);
    }
    if (std::set<char>(key.begin(), key.end()).size() < kFewestDistinctCharacters) {
      return fault(kName, "it repeats a few characters and can be guessed" + cure);
    }
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* example :
         {"example", "change-me", "changeme", "change_me", "your-", "your_", "placeholder",
          "0123456789abcdef", "abcdefghijklmnop", "secret-key", "password"}) {
      if (lower.find(example) != std::string::npos) {
        wipe(lower);
        return fault(kName, "it is an example value that others know" + cure);
      }
    }
    wipe(lower);
  }

  void readListener() {
    settings_.host = get("HOST").value_or("127.0.0.1");
    // 0 lets tests have any free port.
    if (const auto port = number("PORT", 0, 65'535)) settings_.port = *port;
    const auto base = get("OAUTH_CALLBACK_BASE");
    if (!base) {
      settings_.callbackBase = "http://localhost:" + std::to_string(settings_.port);
      if (!development() && use_ == SettingsUse::Serve) {
        fault("OAUTH_CALLBACK_BASE", "not set; it is the public address, like https://auth.example.com");
      }
      return;
    }
    settings_.callbackBase = *base;
    while (settings_.callbackBase.ends_with('/')) settings_.callbackBase.pop_back();
    if (const auto wrong = faultOfPublicUrl(settings_.callbackBase, !development())) {
      fault("OAUTH_CALLBACK_BASE", *wrong);
    } else if (production() && !settings_.callbackBase.starts_with("https://")) {
      fault("OAUTH_CALLBACK_BASE", "it must start with https:// when ENVIRONMENT is production");
    }
  }

  std::string existingFile(const std::string& name) {
    const auto path = get(name);
    if (!path) return {};
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(*path, ignored)) fault(name, "the file that it names is not there");
    return *path;
  }

  void readTls() {
    settings_.tlsCertificateFile = existingFile("AUTH_GATEWAY_TLS_CERT");
    settings_.tlsKeyFile = existingFile("AUTH_GATEWAY_TLS_KEY");
    settings_.caFile = existingFile("AUTH_GATEWAY_CA_FILE");
    const bool tls = !settings_.tlsCertificateFile.empty();
    if (tls == settings_.tlsKeyFile.empty()) {
      fault(tls ? "AUTH_GATEWAY_TLS_KEY" : "AUTH_GATEWAY_TLS_CERT",
            "certificate and key belong together; set both or none");
    }
    if (const auto list = get("AUTH_GATEWAY_TRUSTED_PROXIES")) {
      for (const auto& item : splitList(*list)) {
        if (auto network = canonicalNetwork(item)) {
          settings_.trustedProxies.push_back(std::move(*network));
        } else {
          fault("AUTH_GATEWAY_TRUSTED_PROXIES",
                "an item is no address or network like 10.0.0.0/8; one that covers everybody is not allowed "
                "either");
        }
      }
    }
    if (use_ != SettingsUse::Serve || tls || !settings_.trustedProxies.empty()) return;
    if (production()) {
      fault("ENVIRONMENT",
            "production needs TLS: set AUTH_GATEWAY_TLS_CERT and AUTH_GATEWAY_TLS_KEY, or name the proxy "
            "that ends "
            "TLS in AUTH_GATEWAY_TRUSTED_PROXIES");
    } else if (!isLoopbackHost(settings_.host)) {
      warn("HOST",
           "other machines reach this listener, and it has no TLS: keys and tokens can be read on the way");
    }
  }

  void readLists() {
    const auto list = get("AUTH_GATEWAY_REDIRECT_ALLOW_LIST");
    if (!list) return;
    for (const auto& item : splitList(*list)) {
      if (const auto wrong = faultOfPublicUrl(item, true)) {
        fault("AUTH_GATEWAY_REDIRECT_ALLOW_LIST", "an item is refused: " + *wrong);
      } else {
        settings_.redirectAllowList.push_back(item);
      }
    }
  }

  void readLimits() {
    constexpr int kMost = 100'000'000;
    const auto limit = [&](const char* name, int& target) {
      if (const auto perMinute = number(name, 0, kMost)) target = *perMinute;
    };
    limit("AUTH_GATEWAY_RATE_LIMIT_PEER", settings_.peerLimit);
    limit("AUTH_GATEWAY_RATE_LIMIT_KEY", settings_.keyLimit);
    limit("AUTH_GATEWAY_RATE_LIMIT_CONSENTS", settings_.consentLimit);
    limit("AUTH_GATEWAY_RATE_LIMIT_GRANT", settings_.grantLimit);
  }

  void readMetrics() {
    settings_.metricsPort = number("METRICS_PORT", 0, 65'535);
    if (auto host = get("METRICS_HOST")) settings_.metricsHost = std::move(*host);
    if (settings_.metricsPort && *settings_.metricsPort != 0 && *settings_.metricsPort == settings_.port)
      fault("METRICS_PORT", "it is the PORT of the service; the metrics need another one");
  }

  void readRest() {
    settings_.pluginDir = get("AUTH_GATEWAY_PLUGIN_DIR").value_or("");
    settings_.providersFile = get("AUTH_GATEWAY_CONFIG").value_or("config/providers.yaml");
    if (const auto minutes = number("SESSION_EXPIRY_MINUTES", 1, 24 * 60)) {
      settings_.flowLife = std::chrono::minutes(*minutes);
    }
    if (const auto seconds = number("TOKEN_REFRESH_BUFFER_SECONDS", 0, 24 * 60 * 60)) {
      settings_.refreshBuffer = std::chrono::seconds(*seconds);
    }
    constexpr int kMostCached = 10'000'000;
    if (const auto grants = number("AUTH_GATEWAY_CACHED_GRANTS", 0, kMostCached)) {
      settings_.cachedGrants = static_cast<std::size_t>(*grants);
    }
    word("LOG_LEVEL",
         Words<LogLevel>{{"trace", LogLevel::Trace},
                         {"debug", LogLevel::Debug},
                         {"info", LogLevel::Info},
                         {"warning", LogLevel::Warning},
                         {"error", LogLevel::Error}},
         settings_.logLevel);
    word("AUTH_GATEWAY_ACCESS_LOG",
         Words<AccessLog>{{"off", AccessLog::Off}, {"errors", AccessLog::Errors}, {"all", AccessLog::All}},
         settings_.accessLog);
    word("LOG_FORMAT", Words<LogFormat>{{"json", LogFormat::Json}, {"text", LogFormat::Text}},
         settings_.logFormat);
  }

  void checkUnknown(const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const auto& variable : variables()) known.emplace_back(variable.name);
    for (const auto& name : names) {
      if (!name.starts_with("AUTH_GATEWAY_")) continue;
      const auto base = name.ends_with("_FILE") ? name.substr(0, name.size() - 5) : name;
      const auto knows = [&](const std::string& word) {
        return std::find(known.begin(), known.end(), word) != known.end();
      };
      if (!knows(name) && !knows(base)) warn(name, "nothing reads this variable" + didYouMean(base, known));
    }
  }

  const Environment& environment_;
  SettingsUse use_;
  Settings settings_;
  std::vector<ConfigFault> faults_;
};

}  // namespace

std::string ConfigFault::text() const {
  std::string text;
  if (!file.empty()) {
    text = file + ":";
    if (line > 0) text += std::to_string(line) + ":";
    if (line > 0 && column > 0) text += std::to_string(column) + ":";
    text += " ";
  }
  if (warning) text += "warning: ";
  if (!path.empty()) text += path + ": ";
  return text + message;
}

bool anyError(const std::vector<ConfigFault>& faults) {
  return std::any_of(faults.begin(), faults.end(), [](const ConfigFault& fault) { return !fault.warning; });
}

SettingsResult readSettings(const Environment& environment, SettingsUse use,
                            const std::vector<std::string>& names) {
  return Reader(environment, use).run(names);
}

}  // namespace agw
