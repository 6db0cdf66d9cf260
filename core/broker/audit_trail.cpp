#include "broker/audit_trail.hpp"

namespace agw {

void recordAudit(Storage& storage, Log& log, const AuditEvent& event) {
  if (storage.appendAudit(event).ok()) return;
  log.write(LogLevel::Error, "audit_not_stored",
            {{"event", event.event},
             {"provider", event.provider},
             {"profile", loggedEmail(event.profile)},
             {"key", event.keyId},
             {"request", event.requestId},
             {"outcome", event.outcome}});
}

}  // namespace agw
