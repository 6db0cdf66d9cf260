#include "app/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>

#include "api/application.hpp"
#include "api/metrics/metrics_listener.hpp"
#include "api/metrics/prometheus_metrics.hpp"
#include "api/metrics/traffic.hpp"
#include "api/router.hpp"
#include "api/server.hpp"
#include "app/certificate_watch.hpp"
#include "app/descriptors.hpp"
#include "app/file_watch.hpp"
#include "app/gauges.hpp"
#include "app/key_guard.hpp"
#include "app/periodic.hpp"
#include "app/provider_set.hpp"
#include "app/wiring.hpp"
#include "broker/consent.hpp"
#include "broker/device.hpp"
#include "broker/import.hpp"
#include "broker/install.hpp"
#include "broker/installation_directory.hpp"
#include "broker/installation_end.hpp"
#include "broker/installation_tokens.hpp"
#include "broker/plugin_host.hpp"
#include "broker/renewal_schedule.hpp"
#include "broker/revoke.hpp"
#include "broker/tokens.hpp"
#include "broker/webhooks.hpp"
#include "crypto/hash.hpp"
#include "net/http_client.hpp"
#include "storage/open.hpp"

namespace agw {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kExpirePause{30'000};
constexpr milliseconds kRetryPause{10'000};
constexpr milliseconds kRenewPause{1'000};
constexpr milliseconds kDevicePause{1'000};
constexpr milliseconds kWatchPause{2'000};
constexpr milliseconds kCountPause{60'000};

/// Names this process in leases: people see which host, nobody takes two processes for one.
Result<std::string> replicaName(Random& random) {
  auto id = newUuid(random);
  if (!id) return id;
  constexpr std::size_t kHostLength = 64;
  std::array<char, kHostLength> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host.fill('\0');
  return std::string(host.data()) + "/" + std::to_string(::getpid()) + "/" + id->substr(0, 8);
}

/// A round trip that touches no stored data.
bool encryptionWorks(const Vault& vault) {
  constexpr Place kPlace{.table = "health", .column = "probe", .id = "probe", .provider = "", .owner = ""};
  const Secret probe(std::string("probe"));
  const auto sealed = vault.seal(kPlace, probe);
  if (!sealed) return false;
  const auto opened = vault.open(kPlace, *sealed);
  return opened && *opened == probe;
}

class RunningService final : public Service {
 public:
  RunningService(const Settings& settings, Environment environment, std::unique_ptr<Storage> storage,
                 std::vector<FernetKey> keys, std::string replica, const Clock& clock, Random& random,
                 Log& log)
      : settings_(settings),
        clock_(clock),
        random_(random),
        log_(log),
        storage_(std::move(storage)),
        validatorKey_(hmacSha256(keys.front().text().reveal(), "auth-gateway: validators of answers")),
        vault_(std::move(keys), clock, random),
        http_(makeHttpClient(httpClientSettings(settings))),
        host_(makeHostServices(*http_, clock, log, metrics_)),
        providers_({.file = settings.providersFile,
                    .pluginDir = pluginFolder(settings),
                    .environment = std::move(environment),
                    .callbackBase = settings.callbackBase,
                    .deployment = settings.deployment,
                    .services = *host_,
                    .log = log}),
        broker_({.flowLife = settings.flowLife,
                 .refreshBuffer = settings.refreshBuffer,
                 .replica = std::move(replica),
                 .cachedGrants = settings.cachedGrants}),
        revoke_({*storage_, providers_, vault_, clock, random, log}),
        consent_({*storage_, providers_, vault_, clock, random, log, revoke_, broker_}),
        devices_({*storage_, providers_, vault_, clock, random, log, revoke_}),
        reads_(clock),
        tokens_({.storage = *storage_,
                 .providers = providers_,
                 .vault = vault_,
                 .clock = clock,
                 .random = random,
                 .log = log,
                 .revoke = revoke_,
                 .settings = broker_,
                 .metrics = metrics_,
                 .reads = &reads_}),
        schedule_({*storage_, providers_, tokens_, reads_, clock, broker_}),
        imports_({*storage_, providers_, vault_, clock, random, log, revoke_}),
        install_({*storage_, providers_, vault_, clock, random, log, revoke_}),
        installations_(*storage_, providers_),
        ender_({*storage_, revoke_, clock, log}),
        installationTokens_(
            {installations_, providers_, tokens_, ender_, *storage_, clock, random, log, broker_}),
        events_({*storage_, ender_, installationTokens_, clock, log}),
        webhooks_({providers_, *storage_, events_, clock, log, metrics_}),
        gauges_({.metrics = metrics_,
                 .storage = *storage_,
                 .clock = clock,
                 .providers = providers_,
                 .encryptionWorks = [this] { return encryptionWorks(vault_); }}) {}

  Result<void> begin() {
    if (auto guarded = guardKeys(*storage_, vault_, log_); !guarded) return guarded;
    if (auto loaded = loadFirst(); !loaded) return loaded;
    if (maxConnections_ < api::ServerSettings().maxConnections) {
      log_.write(LogLevel::Warning, "connections_limited",
                 {{"connections", std::to_string(maxConnections_)},
                  {"cure", "raise the limit of open files to 16384 (LimitNOFILE, ulimit -n)"}});
    }
    router_ = std::make_unique<api::Router>(api::makeRoutes(applicationParts()));
    traffic_ = std::make_unique<api::Traffic>(router_->routes(), metrics_, log_, settings_.accessLog);
    auto server = api::Server::start(
        serverSettings(), [this](const api::Request& request) { return router_->route(request); }, random_,
        log_, metrics_, traffic_.get());
    if (!server) return std::move(server).error();
    server_ = std::move(*server);
    certificates_ = std::make_unique<CertificateWatch>(settings_.tlsCertificateFile, settings_.tlsKeyFile,
                                                       *server_, log_);
    if (auto listening = listenForMetrics(); !listening) return listening;
    startBackground();
    return {};
  }

  [[nodiscard]] int port() const override { return server_->port(); }

  void reload() override {
    reloadWanted_ = true;
    watcher_->wake();
  }

  void stop(milliseconds limit) override {
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto left = [until] {
      const auto rest = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
      return std::max(rest, milliseconds(0));
    };
    stopping_ = true;
    revoke_.endRetries();
    for (auto* task :
         {watcher_.get(), expirer_.get(), retrier_.get(), renewer_.get(), poller_.get(), counter_.get()})
      task->end();
    server_->stop(left());
    if (metricsServer_) metricsServer_->stop(left());
    if (!tokens_.drain(left())) log_.write(LogLevel::Warning, "refreshes_left_behind", {});
    if (!devices_.drain(left())) log_.write(LogLevel::Warning, "device_polls_left_behind", {});
  }

 private:
  /// A file that is wrong at the start stops it; later ones do not.
  Result<void> loadFirst() {
    const auto faults = providers_.load();
    for (const auto& fault : faults) tell(fault);
    if (!anyError(faults)) return {};
    return Error{
        .kind = ErrorKind::BadOption,
        .message =
            "The providers file has faults, listed above. Look at it with: auth-gateway config check " +
            settings_.providersFile.string()};
  }

  void tell(const ConfigFault& fault) {
    log_.write(fault.warning ? LogLevel::Warning : LogLevel::Error, "config_fault", {{"text", fault.text()}});
  }

  void watch() {
    const bool asked = reloadWanted_.exchange(false);
    certificates_->look(asked);
    if (!asked && !watch_.changed()) return;
    const auto faults = providers_.load();
    for (const auto& fault : faults) tell(fault);
    if (anyError(faults)) {
      log_.write(LogLevel::Error, "config_refused", {{"effect", "the providers that were running stay"}});
    } else {
      log_.write(LogLevel::Info, "config_reloaded",
                 {{"providers", std::to_string(providers_.list().size())}});
    }
  }

  /// A listener without a key, where one was asked for.
  Result<void> listenForMetrics() {
    if (!settings_.metricsPort) return {};
    api::ServerSettings settings;
    settings.host = settings_.metricsHost;
    settings.port = *settings_.metricsPort;
    settings.maxConnections = 64;
    settings.minThreads = 1;
    settings.maxThreads = 4;
    auto server =
        api::Server::start(settings, api::metricsListener([this] { return metricsText(); }), random_, log_);
    if (!server) return std::move(server).error();
    metricsServer_ = std::move(*server);
    log_.write(LogLevel::Info, "metrics_listening",
               {{"address", "http://" + settings.host + ":" + std::to_string(metricsServer_->port())}});
    return {};
  }

  [[nodiscard]] std::string metricsText() {
    gauges_.refresh();
    return metrics_.text();
  }

  void startBackground() {
    const auto report = [this](const char* event, const Result<void>& result) {
      if (!result) log_.write(LogLevel::Warning, event, {{"reason", result.error().message}});
    };
    expirer_ = std::make_unique<Periodic>(kExpirePause, random_, [this, report] {
      report("expiry_failed", consent_.expire());
      report("expiry_failed", install_.expire());
      report("expiry_failed", webhooks_.expire());
      imports_.settle();
    });
    retrier_ = std::make_unique<Periodic>(
        kRetryPause, random_, [this, report] { report("revocation_round_failed", revoke_.retryPending()); });
    renewer_ = std::make_unique<Periodic>(
        kRenewPause, random_, [this, report] { report("renewal_round_failed", schedule_.round()); });
    poller_ = std::make_unique<Periodic>(kDevicePause, random_,
                                         [this, report] { report("device_round_failed", devices_.poll()); });
    counter_ = std::make_unique<Periodic>(kCountPause, random_, [this] { gauges_.countGrants(); });
    counter_->wake();
    watcher_ = std::make_unique<Periodic>(kWatchPause, random_, [this] { watch(); });
  }

  [[nodiscard]] api::ApplicationParts applicationParts() {
    return {.consent = consent_,
            .devices = devices_,
            .tokens = tokens_,
            .revoke = revoke_,
            .imports = imports_,
            .install = install_,
            .installations = installations_,
            .installationTokens = installationTokens_,
            .installationEnder = ender_,
            .webhooks = webhooks_,
            .providers = providers_,
            .storage = *storage_,
            .clock = clock_,
            .random = random_,
            .log = log_,
            .encryptionWorks = [this] { return encryptionWorks(vault_); },
            .shuttingDown = [this] { return stopping_.load(); },
            .settings = {.rootKey = settings_.rootApiKey,
                         .redirectAllowList = settings_.redirectAllowList,
                         .development = settings_.deployment == DeploymentKind::Development,
                         .version = AGW_VERSION,
                         .limits = {.perPeer = settings_.peerLimit,
                                    .perKey = settings_.keyLimit,
                                    .consents = settings_.consentLimit,
                                    .perGrant = settings_.grantLimit,
                                    .places = serverSettings().maxThreads},
                         .publicUrl = settings_.callbackBase,
                         .validatorKey = validatorKey_},
            .metrics = metrics_,
            .metricsText = [this] { return metricsText(); }};
  }

  [[nodiscard]] api::ServerSettings serverSettings() const {
    api::ServerSettings server;
    server.host = settings_.host;
    server.port = settings_.port;
    server.certificateFile = settings_.tlsCertificateFile;
    server.privateKeyFile = settings_.tlsKeyFile;
    server.trustedProxies = settings_.trustedProxies;
    server.maxConnections = maxConnections_;
    server.maxConnectionsPerPeer = std::max(maxConnections_ / 2, 1);
    // An organisation's uninstallation may list each of its repositories: 2 MiB are some ten thousand.
    server.largeBodies = {.path = "/oauth/webhooks/", .octets = 2U << 20, .atOnce = 8};
    return server;
  }

  Settings settings_;
  const Clock& clock_;
  Random& random_;
  Log& log_;
  const int maxConnections_ = connectionsWithin(raiseDescriptorLimit(), api::ServerSettings().maxConnections);
  api::PrometheusMetrics metrics_;
  std::unique_ptr<Storage> storage_;
  Secret validatorKey_;
  Vault vault_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<HostServices> host_;
  ProviderSet providers_;
  BrokerSettings broker_;
  RevokeService revoke_;
  ConsentService consent_;
  DeviceService devices_;
  ReadStamps reads_;
  TokenService tokens_;
  RenewalSchedule schedule_;
  ImportService imports_;
  InstallService install_;
  InstallationDirectory installations_;
  InstallationEnder ender_;
  InstallationTokens installationTokens_;
  ProviderEvents events_;
  WebhookService webhooks_;
  Gauges gauges_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reloadWanted_{false};
  FileWatch watch_{settings_.providersFile};
  std::unique_ptr<api::Router> router_;
  std::unique_ptr<api::Traffic> traffic_;
  std::unique_ptr<api::Server> server_;
  std::unique_ptr<CertificateWatch> certificates_;
  std::unique_ptr<api::Server> metricsServer_;
  std::unique_ptr<Periodic> expirer_;
  std::unique_ptr<Periodic> retrier_;
  std::unique_ptr<Periodic> renewer_;
  std::unique_ptr<Periodic> poller_;
  std::unique_ptr<Periodic> counter_;
  std::unique_ptr<Periodic> watcher_;
};

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const Settings& settings, Environment environment,
                                                const Clock& clock, Random& random, Log& log) {
  auto keys = keyRing(settings);
  if (!keys) return std::move(keys).error();
  const auto database = databaseSettings(settings);
  if (!database) return database.error();
  auto storage = openStorage(*database, SchemaPolicy::Migrate, clock, log, Access::Service);
  if (!storage) return std::move(storage).error();
  auto replica = replicaName(random);
  if (!replica) return std::move(replica).error();
  auto service = std::make_unique<RunningService>(settings, std::move(environment), std::move(*storage),
                                                  std::move(*keys), std::move(*replica), clock, random, log);
  if (auto begun = service->begin(); !begun) return std::move(begun).error();
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace agw
