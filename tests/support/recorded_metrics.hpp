#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/metrics.hpp"

namespace agw::test {

/// Remembers what was counted, so that tests can compare it with what happened. Safe to call from many
/// threads.
class RecordedMetrics final : public Metrics {
 public:
  Counter& counter(const std::string& name, const std::string&, const Labels& labels) override {
    return cell(name, labels);
  }
  Gauge& gauge(const std::string& name, const std::string&, const Labels& labels) override {
    return cell(name, labels);
  }
  Timings& timings(const std::string& name, const std::string&, const Labels& labels) override {
    return cell(name, labels);
  }

  /// A counter's or gauge's value, or how many timings there were; 0 for a series that nobody asked for.
  [[nodiscard]] double value(const std::string& name, const Labels& labels = {}) const {
    const std::lock_guard lock(mutex_);
    const auto found = cells_.find({name, labels});
    return found == cells_.end() ? 0 : found->second->value();
  }

 private:
  class Cell final : public Counter, public Gauge, public Timings {
   public:
    void add(double amount) noexcept override {
      const std::lock_guard lock(mutex_);
      value_ += amount;
    }
    void set(double value) noexcept override {
      const std::lock_guard lock(mutex_);
      value_ = value;
    }
    void observe(std::chrono::nanoseconds) noexcept override { add(1); }
    [[nodiscard]] double value() const {
      const std::lock_guard lock(mutex_);
      return value_;
    }

   private:
    mutable std::mutex mutex_;
    double value_ = 0;
  };

  Cell& cell(const std::string& name, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    auto& cell = cells_[{name, labels}];
    if (!cell) cell = std::make_unique<Cell>();
    return *cell;
  }

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Cell>> cells_;
};

}  // namespace agw::test
