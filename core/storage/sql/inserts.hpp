#pragma once

#include "domain/grant.hpp"
#include "storage/sql/connection.hpp"
#include "storage/storage.hpp"

namespace agw::storage {

// New rows, inside whatever transaction is open. False when there is such a row already.
[[nodiscard]] bool insertGrant(Connection& connection, const Grant& grant);
[[nodiscard]] bool insertRevocation(Connection& connection, const PendingRevocation& revocation);

}  // namespace agw::storage
