#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "clock.hpp"
#include "ledger.hpp"

namespace sandbox {

struct DeviceStart {
  std::string deviceCode;
  std::string userCode;
};

/// Device authorizations under way (RFC 8628). Safe to call from many threads.
class DeviceBoard {
 public:
  explicit DeviceBoard(const Clock& clock) : clock_(clock) {}

  /// `consent`: client and scopes; the person is not known yet.
  [[nodiscard]] DeviceStart start(const Consent& consent, int lifeSeconds, int interval);
  /// What waits for the person behind a user code, however it was typed; absent: nothing.
  [[nodiscard]] std::optional<Consent> waiting(const std::string& userCode) const;
  void decide(const std::string& userCode, bool allowed, const std::string& account);

  enum class Poll { Unknown, Pending, SlowDown, Expired, Denied, Granted };
  struct Answer {
    Poll poll = Poll::Unknown;
    int interval = 0;   ///< seconds, after `SlowDown` five more than before
    Consent consent{};  ///< of `Granted`, which is told once
  };
  [[nodiscard]] Answer poll(const std::string& deviceCode, const std::string& clientId);

 private:
  struct Entry {
    std::string userCode;
    Consent consent;
    std::int64_t expiresAt = 0;
    std::int64_t lastPoll = 0;
    int interval = 5;
    enum class State { Waiting, Allowed, Denied } state = State::Waiting;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace sandbox
