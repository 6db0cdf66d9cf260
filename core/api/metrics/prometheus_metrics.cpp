#include "api/metrics/prometheus_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

namespace agw::api {
namespace {

constexpr std::size_t kMaxSeries = 1'000;

const prometheus::Histogram::BucketBoundaries kSeconds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

class CounterSeries final : public Counter {
 public:
  explicit CounterSeries(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) noexcept override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class GaugeSeries final : public Gauge {
 public:
  explicit GaugeSeries(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) noexcept override { gauge_.Set(value); }
  void add(double amount) noexcept override { gauge_.Increment(amount); }

 private:
  prometheus::Gauge& gauge_;
};

class TimingSeries final : public Timings {
 public:
  explicit TimingSeries(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(std::chrono::nanoseconds took) noexcept override {
    histogram_.Observe(std::chrono::duration<double>(took).count());
  }

 private:
  prometheus::Histogram& histogram_;
};

/// The series of one kind, by name and labels.
template <class Series>
class Shelf {
 public:
  /// `make` gives a new series; null beyond the limit of its name.
  template <class Make>
  Series* find(const std::string& name, const Labels& labels, Make make) {
    auto& named = series_[name];
    const auto known = named.find(labels);
    if (known != named.end()) return known->second.get();
    if (named.size() >= kMaxSeries) return nullptr;
    return named.emplace(labels, make()).first->second.get();
  }

 private:
  std::map<std::string, std::map<Labels, std::unique_ptr<Series>>> series_;
};

prometheus::Labels labelsOf(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

}  // namespace

class PrometheusMetrics::Store {
 public:
  std::mutex mutex;
  prometheus::Registry registry;
  Shelf<CounterSeries> counters;
  Shelf<GaugeSeries> gauges;
  Shelf<TimingSeries> timings;
};

PrometheusMetrics::PrometheusMetrics() : store_(std::make_unique<Store>()) {}
PrometheusMetrics::~PrometheusMetrics() = default;

Counter& PrometheusMetrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(store_->mutex);
  auto* series = store_->counters.find(name, labels, [&] {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(store_->registry);
    return std::make_unique<CounterSeries>(family.Add(labelsOf(labels)));
  });
  return series ? *series : noMetrics().counter(name, help);
}

Gauge& PrometheusMetrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(store_->mutex);
  auto* series = store_->gauges.find(name, labels, [&] {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(store_->registry);
    return std::make_unique<GaugeSeries>(family.Add(labelsOf(labels)));
  });
  return series ? *series : noMetrics().gauge(name, help);
}

Timings& PrometheusMetrics::timings(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(store_->mutex);
  auto* series = store_->timings.find(name, labels, [&] {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(store_->registry);
    return std::make_unique<TimingSeries>(family.Add(labelsOf(labels), kSeconds));
  });
  return series ? *series : noMetrics().timings(name, help);
}

std::string PrometheusMetrics::text() const {
  return prometheus::TextSerializer().Serialize(store_->registry.Collect());
}

}  // namespace agw::api
