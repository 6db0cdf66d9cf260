#include "storage/sql/renewals.hpp"

#include <algorithm>

#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {

/// The inner condition is in the words of `idx_credentials_renewal`, so that the databases find due rows
/// there.
const Sql kClaimDueGrants{
    "UPDATE oauth_credentials SET renew_at = ? WHERE id IN (SELECT id FROM oauth_credentials WHERE "
    "provider_id = ? AND status = 'active' AND renew_at <= ? ORDER BY renew_at LIMIT ? {skip locked}) "
    "RETURNING " +
    kGrantColumns + ", read_at"};

namespace {

const Sql kPostpone{"UPDATE oauth_credentials SET renew_at = ? WHERE id = ? AND version = ?"};
const Sql kMarkRead{
    "UPDATE oauth_credentials SET read_at = ? WHERE id = ? AND (read_at IS NULL OR read_at < ?)"};

DueGrant readDue(const Row& row) {
  return {.grant = readGrant(row), .readAt = optionalTimeAt(row, kGrantColumnCount)};
}

}  // namespace

Result<std::vector<DueGrant>> SqlStorage::claimDueGrants(const std::string& provider, TimePoint now,
                                                         std::chrono::seconds claim, int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<std::vector<DueGrant>> {
    auto due = fetchReadable(
        connection, kClaimDueGrants, readDue, [&](const SqlFailure& failure) { note(failure); },
        TimePoint(now + claim), provider, now, limit);
    std::sort(due.begin(), due.end(), endsFirst);
    return due;
  });
}

// These two change many rows in one order, so that replicas that change the same ones wait for each other
// once, not in a circle.

Result<void> SqlStorage::postponeRenewals(const std::vector<Postponement>& postponements) {
  auto sorted = postponements;
  std::sort(sorted.begin(), sorted.end(),
            [](const Postponement& left, const Postponement& right) { return left.id < right.id; });
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    Transaction transaction(connection);
    for (const auto& [id, seen, until] : sorted) change(connection, kPostpone, until, id, seen);
    transaction.commit();
    return {};
  });
}

Result<void> SqlStorage::markRead(const std::vector<std::string>& ids, TimePoint at) {
  auto sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    Transaction transaction(connection);
    for (const auto& id : sorted) change(connection, kMarkRead, at, id, at);
    transaction.commit();
    return {};
  });
}

}  // namespace agw::storage
