#include "api/metrics/metrics_listener.hpp"

#include <memory>

#include "api/metrics/prometheus_metrics.hpp"
#include "api/router.hpp"

namespace agw::api {

Response metricsResponse(std::string text) {
  Response response;
  response.contentType = PrometheusMetrics::kMediaType;
  response.body = std::move(text);
  return response;
}

Handler metricsListener(std::function<std::string()> text) {
  const auto router = std::make_shared<Router>(std::vector<Route>{
      {.method = "GET", .pattern = "/metrics", .handler = [text = std::move(text)](const Request&) {
         return metricsResponse(text());
       }}});
  return [router](const Request& request) { return router->route(request); };
}

}  // namespace agw::api
