#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/limits.hpp"
#include "api/router.hpp"
#include "base/metrics.hpp"
#include "broker/consent.hpp"
#include "broker/device.hpp"
#include "broker/import.hpp"
#include "broker/install.hpp"
#include "broker/installation_directory.hpp"
#include "broker/installation_end.hpp"
#include "broker/installation_tokens.hpp"
#include "broker/revoke.hpp"
#include "broker/tokens.hpp"
#include "broker/webhooks.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw::api {

struct ApplicationSettings {
  Secret rootKey;
  std::vector<std::string>
      redirectAllowList;     ///< absolute URLs that `redirect_after` may start at: origin and path prefix
  bool development = false;  ///< http loopback is allowed as a redirect
  std::string version;
  LimitSettings limits{};
  std::string publicUrl{};  ///< of this gateway, without a slash at its end
  Secret validatorKey{};    ///< keys the validators of token answers; the same on every replica
};

/// Everything behind the edge. References outlive the routes.
struct ApplicationParts {
  ConsentService& consent;
  DeviceService& devices;
  TokenService& tokens;
  RevokeService& revoke;
  ImportService& imports;
  InstallService& install;
  InstallationDirectory& installations;
  InstallationTokens& installationTokens;
  InstallationEnder& installationEnder;
  WebhookService& webhooks;
  const ProviderDirectory& providers;
  Storage& storage;
  const Clock& clock;
  Random& random;
  Log& log;
  std::function<bool()> encryptionWorks;  ///< a round trip through the vault, for health
  std::function<bool()> shuttingDown;     ///< readiness turns false
  ApplicationSettings settings;
  Metrics& metrics = noMetrics();
  std::function<std::string()> metricsText{};  ///< the answer of GET /metrics; empty: there is none
};

/// The route table of the REST contract, in the order of the documentation.
[[nodiscard]] std::vector<Route> makeRoutes(ApplicationParts parts);

}  // namespace agw::api
