#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.hpp"
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
    const Clock& clock;
    const ProviderDirectory& providers;
    std::function<bool()> encryptionWorks;
  };
  explicit Gauges(Parts parts);

  void refresh();
  /// Counts the grants in the database, which reads all of them: now and then, not at every collection. What
  /// was counted last stays when the database is away.
  void countGrants();

 private:
  void showProviders();
  void showGrants(const GrantCount& count);

  Parts parts_;
  Gauge& database_;
  Gauge& encryption_;
  Gauge& changes_;
  std::mutex mutex_;
  std::set<std::string> counted_;  ///< providers that have or had grants
};

}  // namespace agw
