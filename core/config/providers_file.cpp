#include "config/providers_file.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>

#include "base/encoding.hpp"
#include "config/addresses.hpp"
#include "config/entry_reader.hpp"
#include "config/nearest.hpp"
#include "config/options_reader.hpp"
#include "crypto/hash.hpp"
#include "crypto/jose.hpp"

namespace agw {
namespace {

constexpr std::size_t kLongestId = 63;
constexpr std::size_t kMaxFile = 1U << 20;

bool isId(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && text.front() != '-' && text.front() != '_' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '-';
         });
}

/// Secrets stay out: a code belongs to the client id, and a secret may be renewed while a consent is under
/// way.
std::string fingerprintOf(const ProviderConfig& config) {
  boost::json::array parts{boost::json::string(config.id), boost::json::string(config.plugin),
                           boost::json::string(config.clientId), boost::json::string(config.redirectUri),
                           boost::json::string(config.sha256)};
  for (const auto& scope : config.scopes) parts.emplace_back(scope);
  parts.emplace_back(config.allowPrivate);
  parts.emplace_back(config.identity ? static_cast<int>(*config.identity) : -1);
  parts.emplace_back(config.options);
  return sha256Hex(boost::json::serialize(parts));
}

/// Walks the tree of one file.
class FileReader {
 public:
  FileReader(const std::string& name, const Environment& environment, std::string callbackBase,
             DeploymentKind deployment)
      : environment_(environment),
        callbackBase_(std::move(callbackBase)),
        deployment_(deployment),
        faults_(name) {
    file_.name = name;
  }

  ProvidersFile run(const std::string& text) {
    const YamlDocument document = parseYaml(text);
    for (const auto& fault : document.faults) faults_.error(fault.place, {}, fault.message);
    if (document.faults.empty()) readTop(document.root);
    file_.faults = std::move(faults_).sorted();
    return std::move(file_);
  }

 private:
  void readTop(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::Map) {
      faults_.error(root.place, {},
                    std::string("found ") + root.kindName() +
                        ", allowed is a mapping with the keys version and providers");
      return;
    }
    EntryReader top(root, {}, environment_, faults_);
    top.checkKeys(topKeys());
    checkVersion(root);
    if (const YamlNode* providers = root.find("providers")) readProviders(*providers);
    if (const YamlNode* installations = root.find("installations")) readInstallations(*installations);
  }

  void checkVersion(const YamlNode& root) {
    const YamlNode* version = root.find("version");
    if (version == nullptr || version->text == "1") return;
    faults_.error(version->place, "version", "found " + shown(version->text) + ", allowed is 1");
  }

  void readProviders(const YamlNode& providers) {
    if (providers.kind != YamlNode::Kind::Map) {
      faults_.error(
          providers.place, "providers",
          std::string("found ") + providers.kindName() + ", allowed is a mapping; an empty one is {}");
      return;
    }
    for (std::size_t i = 0; i < providers.items.size(); ++i)
      readProvider(providers.keys[i], providers.items[i]);
  }

  void readProvider(const YamlNode::Key& key, const YamlNode& node) {
    ids_.push_back(key.text);
    if (!isId(key.text)) {
      faults_.error(key.place, "providers",
                    "found " + shown(key.text) + " as an id; allowed are a-z, 0-9, - and _, at most 63");
      return;
    }
    const std::string path = "providers." + key.text;
    if (node.kind != YamlNode::Kind::Map) {
      faults_.error(node.place, path, std::string("found ") + node.kindName() + ", allowed is a mapping");
      return;
    }
    EntryReader entry(node, path, environment_, faults_);
    entry.checkKeys(providerKeys());
    ProviderConfig config;
    config.id = key.text;
    config.plugin = readPluginName(entry);
    if (const YamlNode* plugin = entry.find("plugin")) notePlace(config.id, "/plugin", plugin->place);
    config.displayName = entry.text("display_name");
    config.clientId = entry.text("client_id");
    config.clientSecret = entry.secret("client_secret", deployment_);
    config.webhookSecret = entry.secret("webhook_secret", deployment_);
    config.privateKey = readPrivateKey(entry);
    config.scopes = entry.words("scopes");
    config.identity = readIdentity(entry);
    config.redirectUri = readRedirectUri(entry, key.text);
    config.installRedirectUri = callbackBase_ + "/oauth/callback/" + key.text;
    config.allowPublicInstall = entry.flag("allow_public_install");
    config.allowPrivate = entry.flag("allow_private");
    config.sha256 = readDigest(entry);
    config.refresh = readRefresh(entry);
    readEntryOptions(entry, config);
    config.missing = entry.takeMissing();
    if (config.clientId.empty() && config.missing.empty() && entry.find("client_id") != nullptr) {
      config.missing.emplace_back("client_id");
    }
    config.fingerprint = fingerprintOf(config);
    file_.providers.push_back(std::move(config));
  }

  std::string readPluginName(EntryReader& entry) {
    std::string name = entry.name("plugin");
    if (name.empty() || isId(name)) return name;
    entry.error("plugin", "found " + shown(name) + ", allowed is the id of a plugin: a-z, 0-9, - and _");
    return {};
  }

  Secret readPrivateKey(EntryReader& entry) {
    Secret key = entry.secretLines("private_key", deployment_);
    if (!key.empty() && !checkRsaPrivateKey(key)) {
      entry.error("private_key",
                  "found something else; allowed is the PEM of an RSA private key without "
                  "passphrase, at least 2048 bits (PKCS#1 or PKCS#8)");
    }
    return key;
  }

  std::optional<IdentityPolicy> readIdentity(EntryReader& entry) {
    const std::string word = entry.name("identity");
    if (word.empty()) return {};
    if (word == "match") return IdentityPolicy::Match;
    if (word == "confirm") return IdentityPolicy::Confirm;
    if (word == "none") {
      entry.warning(
          "identity",
          "nobody checks who consents: whoever opens a forwarded link gives their account to its sender");
      return IdentityPolicy::None;
    }
    const std::vector<std::string> words{"match", "confirm", "none"};
    entry.error("identity",
                "found " + shown(word) + ", allowed are " + joinOr(words) + didYouMean(word, words));
    return {};
  }

  std::string readRedirectUri(EntryReader& entry, const std::string& id) {
    std::string own = entry.text("redirect_uri");
    if (own.empty()) return callbackBase_ + "/auth/callback/" + id;
    if (const auto wrong = faultOfPublicUrl(own, true)) entry.error("redirect_uri", *wrong);
    return own;
  }

  std::string readDigest(EntryReader& entry) {
    std::string digest = toLower(entry.text("sha256"));
    const bool hex =
        std::all_of(digest.begin(), digest.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (digest.empty() || (digest.size() == 64 && hex)) return digest;
    entry.error("sha256",
                "allowed are the 64 hexadecimal digits that sha256sum prints for the plugin's file");
    return {};
  }

  RefreshPolicy readRefresh(EntryReader& entry) {
    RefreshPolicy policy;
    const YamlNode* node = entry.find("refresh");
    if (node == nullptr) return policy;
    if (node->kind != YamlNode::Kind::Map) {
      entry.error("refresh", std::string("found ") + node->kindName() + ", allowed is a mapping");
      return policy;
    }
    constexpr int kMostPerSecond = 10'000;
    EntryReader refresh(*node, entry.pathOf("refresh"), environment_, faults_);
    refresh.checkKeys(refreshKeys());
    policy.proactive = static_cast<Proactive>(refresh.choice("proactive", {"all", "active", "off"}, 0));
    policy.perSecond = refresh.number("per_second", 1, kMostPerSecond, policy.perSecond);
    return policy;
  }

  void readEntryOptions(EntryReader& entry, ProviderConfig& config) {
    const YamlNode* options = entry.find("options");
    if (options == nullptr) return;
    config.options = readOptions(*options, entry, faults_, [&](const std::string& pointer, YamlPlace place) {
      notePlace(config.id, "/options" + pointer, place);
    });
  }

  void readInstallations(const YamlNode& list) {
    if (list.kind != YamlNode::Kind::List) {
      faults_.error(list.place, "installations",
                    std::string("found ") + list.kindName() + ", allowed is a list");
      return;
    }
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string path = "installations[" + std::to_string(i) + "]";
      const YamlNode& item = list.items[i];
      if (item.kind != YamlNode::Kind::Map) {
        faults_.error(item.place, path, std::string("found ") + item.kindName() + ", allowed is a mapping");
        continue;
      }
      EntryReader entry(item, path, environment_, faults_);
      DeclaredInstallation installation = readInstallation(entry);
      if (!seen.emplace(installation.provider, installation.org).second) {
        faults_.error(item.place, path, "an earlier item has the same provider and org");
      }
      file_.installations.push_back(std::move(installation));
    }
  }

  DeclaredInstallation readInstallation(EntryReader& entry) {
    entry.checkKeys(installationKeys());
    DeclaredInstallation installation;
    installation.provider = entry.name("provider");
    if (!installation.provider.empty() &&
        std::find(ids_.begin(), ids_.end(), installation.provider) == ids_.end()) {
      entry.error("provider", "no provider is called " + shown(installation.provider) +
                                  didYouMean(installation.provider, ids_));
    }
    installation.org = entry.text("org");
    installation.installationId = entry.text("installation_id");
    installation.staticToken = entry.secret("static_token", deployment_);
    installation.preferStored = entry.flag("prefer_stored");
    installation.missing = entry.takeMissing();
    const bool byId = entry.find("installation_id") != nullptr;
    const bool byToken = entry.find("static_token") != nullptr;
    if (byId && byToken)
      entry.error("static_token", "installation_id and static_token exclude each other; keep one");
    if (!byId && !byToken)
      entry.error("installation_id", "missing; an installation has this or static_token");
    return installation;
  }

  void notePlace(const std::string& id, const std::string& pointer, YamlPlace place) {
    file_.places[id + "\n" + pointer] = {place.line, place.column};
  }

  const Environment& environment_;
  std::string callbackBase_;
  DeploymentKind deployment_;
  FaultList faults_;
  ProvidersFile file_;
  std::vector<std::string> ids_;
};

}  // namespace

ConfigFault ProvidersFile::locate(const std::string& providerId, const std::string& optionPointer) const {
  ConfigFault fault{.file = name, .path = "providers." + providerId + ".options"};
  for (char c : optionPointer) fault.path += c == '/' ? '.' : c;
  std::string pointer = "/options" + optionPointer;
  while (!pointer.empty()) {
    const auto place = places.find(providerId + "\n" + pointer);
    if (place != places.end()) {
      fault.line = place->second.line;
      fault.column = place->second.column;
      return fault;
    }
    pointer.resize(pointer.rfind('/'));
  }
  ConfigFault atPlugin = locatePlugin(providerId);
  fault.line = atPlugin.line;
  fault.column = atPlugin.column;
  return fault;
}

ConfigFault ProvidersFile::locatePlugin(const std::string& providerId) const {
  ConfigFault fault{.file = name, .path = "providers." + providerId + ".plugin"};
  const auto place = places.find(providerId + "\n/plugin");
  if (place == places.end()) return fault;
  fault.line = place->second.line;
  fault.column = place->second.column;
  return fault;
}

ProvidersFile parseProviders(const std::string& text, const std::string& name, const Environment& environment,
                             const std::string& callbackBase, DeploymentKind deployment) {
  return FileReader(name, environment, callbackBase, deployment).run(text);
}

ProvidersFile readProviders(const std::filesystem::path& file, const Environment& environment,
                            const std::string& callbackBase, DeploymentKind deployment) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored) || !stream) {
    ProvidersFile none;
    none.name = file.string();
    none.faults.push_back(
        {.file = none.name,
         .message = "the file cannot be opened; name another with --config or AUTH_GATEWAY_CONFIG"});
    return none;
  }
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parseProviders(text, file.string(), environment, callbackBase, deployment);
}

}  // namespace agw
