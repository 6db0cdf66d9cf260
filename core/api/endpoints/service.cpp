#include <algorithm>
#include <boost/json/array.hpp>

#include "api/endpoints/endpoint.hpp"
#include "api/metrics/metrics_listener.hpp"
#include "api/openapi_document.hpp"
#include "api/pages/docs_page.hpp"

namespace agw::api {
namespace {

constexpr int kUnhealthy = 503;

struct Health {
  bool database = false;
  bool encryption = false;
  [[nodiscard]] bool all() const { return database && encryption; }
};

/// Neither touches a provider: a provider that is away must not take the gateway out of service.
Health examine(Gateway& gateway) {
  return {.database = gateway.parts.storage.ping().ok(), .encryption = gateway.parts.encryptionWorks()};
}

Result<Response> health(Gateway& gateway, const Request&) {
  const auto found = examine(gateway);
  return jsonResponse({{"status", found.all() ? "healthy" : "unhealthy"},
                       {"database", found.database ? "connected" : "unavailable"},
                       {"encryption", found.encryption ? "operational" : "failed"},
                       {"version", gateway.parts.settings.version},
                       {"timestamp", toRfc3339(gateway.parts.clock.now())}},
                      found.all() ? 200 : kUnhealthy);
}

Result<Response> live(Gateway&, const Request&) {
  return jsonResponse({{"status", "alive"}});
}

Result<Response> ready(Gateway& gateway, const Request&) {
  const auto notReady = [](const char* reason) {
    return jsonResponse({{"status", "not_ready"}, {"reason", reason}}, kUnhealthy);
  };
  if (gateway.parts.shuttingDown()) return notReady("shutting down");
  const auto found = examine(gateway);
  if (!found.database) return notReady("the database does not answer");
  if (!found.encryption) return notReady("encryption does not work");
  return jsonResponse({{"status", "ready"}});
}

const char* stateWord(LoadState state) {
  switch (state) {
    case LoadState::Ready:
      return "ready";
    case LoadState::NotConfigured:
      return "not_configured";
    case LoadState::Failed:
      break;
  }
  return "failed";
}

const char* pkceWord(Capabilities::Pkce pkce) {
  switch (pkce) {
    case Capabilities::Pkce::None:
      return "none";
    case Capabilities::Pkce::Optional:
      return "optional";
    case Capabilities::Pkce::Required:
      break;
  }
  return "required";
}

boost::json::object described(const ProviderStatus& status) {
  const auto& can = status.capabilities;
  boost::json::object line{{"id", status.id},
                           {"display_name", status.displayName},
                           {"plugin", status.plugin},
                           {"plugin_version", status.pluginVersion},
                           {"capabilities", boost::json::object{{"pkce", pkceWord(can.pkce)},
                                                                {"refresh", can.refresh},
                                                                {"revoke", can.revoke},
                                                                {"identity", can.identity},
                                                                {"verified_email", can.verifiedEmail},
                                                                {"installations", can.installations},
                                                                {"device", can.device},
                                                                {"webhooks", can.webhooks}}},
                           {"configured", status.state != LoadState::NotConfigured},
                           {"state", stateWord(status.state)}};
  if (!status.reason.empty()) line["reason"] = status.reason;
  return line;
}

Result<Response> providers(Gateway& gateway, const Request&, const Caller& caller) {
  const auto& allowed = caller.permissions.providers;
  boost::json::array lines;
  for (const auto& status : gateway.parts.providers.list()) {
    const bool visible = std::any_of(allowed.begin(), allowed.end(),
                                     [&](const std::string& id) { return id == "*" || id == status.id; });
    if (visible) lines.push_back(described(status));
  }
  return jsonResponse({{"providers", std::move(lines)}});
}

Result<Response> metrics(Gateway& gateway, const Request&, const Caller& caller) {
  if (auto permitted = caller.may(Operation::Metrics); !permitted) return std::move(permitted).error();
  return metricsResponse(gateway.parts.metricsText());
}

Result<Response> openApi(Gateway&, const Request&) {
  Response response;
  response.body = openApiDocument();
  response.noStore = false;
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  return response;
}

Result<Response> docs(Gateway&, const Request&) {
  auto response = htmlResponse(pages::docs());
  response.noStore = false;
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace

void addServiceRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"GET", "/providers", callerEndpoint(gateway, providers)});
  routes.push_back({"GET", "/health", openEndpoint(gateway, health)});
  routes.push_back({"GET", "/health/live", openEndpoint(gateway, live), false, true});
  routes.push_back({"GET", "/health/ready", openEndpoint(gateway, ready)});
  if (gateway->parts.metricsText) routes.push_back({"GET", "/metrics", callerEndpoint(gateway, metrics)});
  routes.push_back({"GET", "/openapi.json", openEndpoint(gateway, openApi)});
  routes.push_back({"GET", "/docs", openEndpoint(gateway, docs)});
}

}  // namespace agw::api
