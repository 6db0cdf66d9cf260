#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "net/http_client.hpp"
#include "plugin/host_services.hpp"

namespace agw {

/// The host side of the plugins: outbound HTTP, verified id_tokens with cached keys, HMAC, time, metrics.
/// References must outlive it.
[[nodiscard]] std::unique_ptr<HostServices> makeHostServices(HttpClient& http, const Clock& clock, Log& log,
                                                             Metrics& metrics = noMetrics());

}  // namespace agw
