#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "storage/postgres/options.hpp"

namespace agw::storage {

/// Refuses a connection pooler that gives each transaction or statement another server connection, as
/// PgBouncer does unless its `pool_mode` is `session`: prepared statements, session settings and LISTEN do
/// not survive there. `BadOption` with the cure.
///
/// A pooler gives itself away by announcing a server process that is not the one that answers. Then some
/// further connections are made and held in transactions: where one of them gets the server process of the
/// first, or the first another one, server connections are shared. Leaves no trace in them. Throws
/// `SqlFailure`.
[[nodiscard]] Result<void> refuseSharedConnections(const ConnectionOptions& options, const Secret& password);

}  // namespace agw::storage
