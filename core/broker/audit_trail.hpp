#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "domain/audit.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Appends to the audit log. What is recorded has happened: when it cannot be stored, the event goes to the
/// log at error level and nothing is undone.
void recordAudit(Storage& storage, Log& log, const AuditEvent& event);

}  // namespace agw
