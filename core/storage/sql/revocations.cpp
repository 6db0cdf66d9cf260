#include <algorithm>
#include <tuple>

#include "storage/errors.hpp"
#include "storage/sql/inserts.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kGrantExists{"SELECT 1 FROM oauth_credentials WHERE id = ?"};
const Sql kDeleteGrant{"DELETE FROM oauth_credentials WHERE id = ? AND version = ?"};
const Sql kQueue{
    "INSERT INTO oauth_revocations (id, provider_id, profile_id, tokens, attempts, not_before, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"};
const std::string kRevocationColumns =
    "id, provider_id, profile_id, tokens, attempts, not_before, created_at";
const Sql kClaim{
    "UPDATE oauth_revocations SET not_before = ? WHERE id IN (SELECT id FROM oauth_revocations "
    "WHERE not_before <= ? ORDER BY not_before, created_at, id LIMIT ? {skip locked}) RETURNING " +
    kRevocationColumns};
const Sql kPostpone{"UPDATE oauth_revocations SET attempts = attempts + 1, not_before = ? WHERE id = ?"};
const Sql kDelete{"DELETE FROM oauth_revocations WHERE id = ?"};

PendingRevocation readRevocation(const Row& row) {
  return {.id = row.text(0),
          .provider = row.text(1),
          .profile = row.text(2),
          .tokens = row.text(3),
          .attempts = smallNumberAt(row, 4),
          .notBefore = timeAt(row, 5),
          .createdAt = timeAt(row, 6)};
}

}  // namespace

bool insertRevocation(Connection& connection, const PendingRevocation& revocation) {
  return change(connection, kQueue, revocation.id, revocation.provider, revocation.profile, revocation.tokens,
                revocation.attempts, revocation.notBefore, revocation.createdAt) > 0;
}

Result<void> SqlStorage::revokeGrant(const std::string& id, Version seen,
                                     const PendingRevocation& revocation) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    Transaction transaction(connection);
    if (change(connection, kDeleteGrant, id, seen) == 0) {
      const bool there = execute(
                             connection, kGrantExists, [](const Row&) {}, id) > 0;
      return there ? conflict(kChanged) : notFound(kNoGrant);
    }
    if (!insertRevocation(connection, revocation)) return conflict(kExists);
    transaction.commit();
    return {};
  });
}

Result<void> SqlStorage::deleteGrant(const std::string& id, Version seen) {
  const GrantWrite write(*changes_, id);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    if (change(connection, kDeleteGrant, id, seen) > 0) return {};
    const bool there = execute(
                           connection, kGrantExists, [](const Row&) {}, id) > 0;
    return there ? conflict(kChanged) : notFound(kNoGrant);
  });
}

Result<void> SqlStorage::queueRevocation(const PendingRevocation& revocation) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    if (!insertRevocation(connection, revocation)) return conflict(kExists);
    return {};
  });
}

Result<std::vector<PendingRevocation>> SqlStorage::claimRevocations(TimePoint now, std::chrono::seconds claim,
                                                                    int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<std::vector<PendingRevocation>> {
    auto claimed = fetchAll(connection, kClaim, readRevocation, TimePoint(now + claim), now, limit);
    std::sort(claimed.begin(), claimed.end(), [](const auto& left, const auto& right) {
      return std::tie(left.createdAt, left.id) < std::tie(right.createdAt, right.id);
    });
    return claimed;
  });
}

Result<void> SqlStorage::postponeRevocation(const std::string& id, TimePoint notBefore) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kPostpone, notBefore, id);
    return {};
  });
}

Result<void> SqlStorage::deleteRevocation(const std::string& id) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kDelete, id);
    return {};
  });
}

}  // namespace agw::storage
