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
  std::chrono::milliseconds leaseLife{15'000};       ///< longer than the outbound deadline
  std::chrono::milliseconds waitForRefresh{15'000};  ///< longest wait of a reader for somebody's refresh
  int maxWaiters = 512;                              ///< readers that may wait in this process at once
  std::string replica;                               ///< names this process in leases
  std::size_t refreshThreads = 4;                    ///< for renewals that nobody waits for; at least 2
  std::size_t refreshQueue = 256;                    ///< such renewals that may wait, for each provider
};

/// Lets time pass; tests let something happen instead.
using Pause = std::function<void(std::chrono::milliseconds)>;

}  // namespace agw
