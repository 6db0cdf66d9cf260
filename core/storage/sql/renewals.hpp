#pragma once

#include "storage/sql/connection.hpp"

namespace agw::storage {

/// Of `claimDueGrants`. Parameters: the claim's end, provider, now, limit. A test looks at its plan.
extern const Sql kClaimDueGrants;

}  // namespace agw::storage
