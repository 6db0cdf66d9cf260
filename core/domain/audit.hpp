#pragma once

#include <string>

#include "base/clock.hpp"

namespace agw {

/// A line of `audit_log`: who did what to whose grant, and how it ended. Never a secret.
struct AuditEvent {
  TimePoint at;
  std::string event;  ///< fixed word: `grant_revoked`, `flow_identity_mismatch`
  std::string requestId;
  std::string keyId;  ///< empty: a browser or the gateway itself
  std::string provider;
  std::string profile;
  std::string outcome;  ///< `ok` or an API error word
  std::string note;     ///< for people
};

}  // namespace agw
