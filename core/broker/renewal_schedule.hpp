#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/read_stamps.hpp"
#include "broker/settings.hpp"
#include "broker/tokens.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Renews grants that nobody asks for before their access token ends, and uses refresh tokens before they end
/// unused (docs/adr/0016). The schedule is an index in the database: a round claims the grants whose time has
/// come, so that replicas share them; hands those that are due to the token engine, which renews at the
/// provider's pace and under a lease; and moves the others to their time. Grants of an entry that says
/// `proactive: off` are never looked at.
///
/// One object a process. `round` is called by one thread, again and again.
class RenewalSchedule {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    TokenService& tokens;
    ReadStamps& reads;
    const Clock& clock;
    BrokerSettings settings;
  };
  explicit RenewalSchedule(Parts parts) : parts_(std::move(parts)) {}

  /// One look at every provider entry; renewals go on behind it. A failure of the storage for one entry does
  /// not keep the others waiting: it is returned in the end, and the next round tries again.
  Result<void> round();

 private:
  Result<void> noteReads();
  Result<void> serve(const Provider& provider);
  [[nodiscard]] std::optional<TimePoint> later(const DueGrant& due, const Provider& provider) const;
  [[nodiscard]] bool readLately(const DueGrant& due) const;

  Parts parts_;
};

}  // namespace agw
