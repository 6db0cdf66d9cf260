#pragma once

#include <functional>

#include "base/metrics.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// States that are looked up when somebody collects metrics: whether the parts work, and which providers
/// are there. Safe to call from many threads.
class Gauges {
 public:
  struct Parts {
    Metrics& metrics;
    Storage& storage;
    const ProviderDirectory& providers;
    std::function<bool()> encryptionWorks;
  };
  explicit Gauges(Parts parts);

  void refresh();

 private:
  void showProviders();

  Parts parts_;
  Gauge& database_;
  Gauge& encryption_;
};

}  // namespace agw
