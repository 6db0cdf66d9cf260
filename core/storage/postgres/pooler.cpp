#include "storage/postgres/pooler.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "storage/postgres/connection.hpp"

namespace agw::storage {
namespace {

constexpr int kProbes = 4;
constexpr std::chrono::seconds kLongestStart{4};
constexpr std::chrono::seconds kLongestProbe{2};

/// The server process of one more connection, which keeps it. Nothing when there is none: the pool is used
/// up, or takes no transactions.
std::optional<int> occupy(PostgresConnection& probe) {
  try {
    probe.ready(std::chrono::steady_clock::now() + kLongestProbe);
    probe.begin();
    return probe.answeringProcess();
  } catch (const SqlFailure&) {
    return std::nullopt;
  }
}

Error refused() {
  return Error{.kind = ErrorKind::BadOption,
               .message =
                   "DATABASE_URL leads to a connection pooler that gives every transaction another server "
                   "connection (PgBouncer: pool_mode = transaction or statement). The gateway's prepared "
                   "statements and notifications need one that stays. Set pool_mode = session for this "
                   "database in the pooler, or let DATABASE_URL name the PostgreSQL server itself."};
}

}  // namespace

Result<void> refuseSharedConnections(const ConnectionOptions& options, const Secret& password) {
  constexpr auto kBare = PostgresConnection::Session::Bare;
  PostgresConnection first(options, password, kBare);
  first.ready(std::chrono::steady_clock::now() + kLongestStart);
  const auto own = first.answeringProcess();
  if (own == first.announcedProcess()) return {};
  std::vector<std::unique_ptr<PostgresConnection>> probes;
  for (int i = 0; i < kProbes; ++i) {
    probes.push_back(std::make_unique<PostgresConnection>(options, password, kBare));
    const auto taken = occupy(*probes.back());
    if (!taken) break;
    if (*taken == own) return refused();
  }
  if (first.answeringProcess() != own) return refused();
  return {};
}

}  // namespace agw::storage
