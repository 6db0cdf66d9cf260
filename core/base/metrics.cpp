#include "base/metrics.hpp"

namespace agw {
namespace {

class NoMetrics final : public Metrics, private Counter, private Gauge, private Timings {
 public:
  Counter& counter(const std::string&, const std::string&, const Labels&) override { return *this; }
  Gauge& gauge(const std::string&, const std::string&, const Labels&) override { return *this; }
  Timings& timings(const std::string&, const std::string&, const Labels&) override { return *this; }

 private:
  void add(double) noexcept override {}
  void set(double) noexcept override {}
  void observe(std::chrono::nanoseconds) noexcept override {}
};

}  // namespace

Metrics& noMetrics() {
  static NoMetrics none;
  return none;
}

}  // namespace agw
