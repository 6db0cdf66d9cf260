#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "broker/renewal_schedule.hpp"
#include "support/broker_rig.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::test {

/// A replica with its token engine and its schedule, whose renewals run in `round` itself.
class ScheduledReplica {
 public:
  explicit ScheduledReplica(BrokerRig& rig, const std::string& name = "one", Storage* over = nullptr)
      : reads(rig.clock),
        tokens({.storage = over ? *over : rig.storage,
                .providers = rig.directory,
                .vault = rig.vault,
                .clock = rig.clock,
                .random = rig.random,
                .log = rig.log,
                .revoke = rig.revoke,
                .settings = settings(name),
                .pause = BrokerRig::noPause(),
                .metrics = metrics,
                .reads = &reads}),
        schedule({over ? *over : rig.storage, rig.directory, tokens, reads, rig.clock, settings(name)}) {}

  static BrokerSettings settings(const std::string& name) {
    auto settings = BrokerRig::settings(name);
    settings.refreshThreads = 0;
    return settings;
  }

  RecordedMetrics metrics;
  ReadStamps reads;
  TokenService tokens;
  RenewalSchedule schedule;
};

/// Many users of the rig's provider.
inline std::string userName(int number) {
  return "user" + std::to_string(number) + "@x.com";
}
inline void connectUsers(BrokerRig& rig, int count) {
  for (int i = 0; i < count; ++i) {
    const Identity who{"https://issuer.test", "subject-" + std::to_string(i), userName(i), true};
    ASSERT_EQ(rig.consentAs(who, userName(i)).status, FlowStatus::Completed);
  }
}

}  // namespace agw::test
