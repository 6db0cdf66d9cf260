#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace agw {

/// What the environment says about flows and refreshes.
struct BrokerSettings {
  std::chrono::seconds flowLife{15 * 60};
  std::chrono::seconds refreshBuffer{300};
  std::chrono::seconds defaultMinTtl{60};
  /// Outlives the provider's call by construction: the request leaves in the first third, and an operation
  /// of a provider ends within 10 s.
  std::chrono::milliseconds leaseLife{15'000};
  std::chrono::milliseconds waitForRefresh{15'000};  ///< longest wait of a reader for somebody's refresh
  int maxWaiters = 512;                              ///< readers that may wait in this process at once
  std::string replica;                               ///< names this process in leases
  std::size_t refreshThreads = 48;    ///< renewals that nobody waits for and that run at once: see `Workers`
  std::size_t refreshQueue = 512;     ///< such renewals that may wait, for each provider
  std::size_t cachedGrants = 50'000;  ///< copies that reads are answered from; 0: none
};

/// Lets time pass; tests let something happen instead.
using Pause = std::function<void(std::chrono::milliseconds)>;

}  // namespace agw
