#pragma once

#include <chrono>
#include <string>

namespace agw {

/// What the environment says about flows and refreshes.
struct BrokerSettings {
  std::chrono::seconds flowLife{15 * 60};
  std::chrono::seconds refreshBuffer{300};
  std::chrono::seconds defaultMinTtl{60};
  std::chrono::milliseconds leaseLife{15'000};   ///< longer than the outbound deadline
  std::chrono::milliseconds waitForRefresh{15'000};  ///< longest wait of a reader for somebody's refresh
  int maxWaiters = 512;                          ///< readers that may wait in this process at once
  std::string replica;                           ///< names this process in leases
};

}  // namespace agw
