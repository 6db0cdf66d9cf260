#pragma once

#include <functional>
#include <string>

#include "api/http.hpp"

namespace agw::api {

/// The metrics as an answer, in Prometheus' text format.
[[nodiscard]] Response metricsResponse(std::string text);

/// Answers `GET /metrics` and nothing else, without a key: for a listener that only the collector reaches.
[[nodiscard]] Handler metricsListener(std::function<std::string()> text);

}  // namespace agw::api
