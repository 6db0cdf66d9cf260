#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"

namespace agw::api {

/// The metrics of a running gateway, kept by prometheus-cpp, which no other file includes.
class PrometheusMetrics final : public Metrics {
 public:
  PrometheusMetrics();
  ~PrometheusMetrics() override;

  Counter& counter(const std::string& name, const std::string& help, const Labels& labels) override;
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) override;
  Timings& timings(const std::string& name, const std::string& help, const Labels& labels) override;

  /// All series in Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string text() const;
  /// The media type of `text`.
  static constexpr const char* kMediaType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  class Store;
  std::unique_ptr<Store> store_;
};

}  // namespace agw::api
