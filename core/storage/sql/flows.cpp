#include "storage/errors.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kInsert{
    "INSERT INTO oauth_sessions (" + kFlowColumns +
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"};
const Sql kFind{"SELECT " + kFlowColumns + " FROM oauth_sessions WHERE id = ?"};
const Sql kConsume{
    "UPDATE oauth_sessions SET status = 'exchanging' WHERE state = ? AND status = 'pending' RETURNING " +
    kFlowColumns};
const Sql kStateExists{"SELECT 1 FROM oauth_sessions WHERE state = ?"};
const Sql kAdvance{
    "UPDATE oauth_sessions SET status = ?, error = ?, account = ?, confirmation_hash = ?, confirmation_tries "
    "= ?, "
    "pending_tokens = ?, code_verifier = CASE WHEN ? = 1 THEN '' ELSE code_verifier END, device_code = '', "
    "poll_at = NULL, version = version + 1 "
    "WHERE id = ? AND status = ?"};
const Sql kCountTry{
    "UPDATE oauth_sessions SET confirmation_tries = confirmation_tries + 1 "
    "WHERE id = ? AND status = 'awaiting_confirmation' RETURNING " +
    kFlowColumns};
const Sql kDeleteOld{
    "DELETE FROM oauth_sessions WHERE id IN (SELECT id FROM oauth_sessions WHERE status IN ('completed', "
    "'failed') "
    "AND expires_at <= ? LIMIT ? {skip locked})"};
const Sql kExpire{
    "UPDATE oauth_sessions SET status = 'failed', error = ?, code_verifier = '', device_code = '', poll_at = "
    "NULL, "
    "version = version + 1 WHERE id IN "
    "(SELECT id FROM oauth_sessions WHERE (status IN ('pending', 'awaiting_confirmation') AND expires_at <= "
    "?) "
    "OR (status = 'exchanging' AND expires_at <= ?) LIMIT ? {skip locked}) RETURNING " +
    kFlowColumns};
const Sql kClaimPolls{
    "UPDATE oauth_sessions SET poll_at = ? WHERE id IN (SELECT id FROM oauth_sessions WHERE poll_at <= ? "
    "AND status = 'pending' AND expires_at > ? ORDER BY poll_at, id LIMIT ? {skip locked}) RETURNING " +
    kFlowColumns};
const Sql kSchedulePoll{
    "UPDATE oauth_sessions SET poll_at = ?, poll_interval = ? WHERE id = ? AND status = 'pending'"};
const Sql kErasePending{"UPDATE oauth_sessions SET pending_tokens = '' WHERE id = ?"};

}  // namespace

Result<void> SqlStorage::createFlow(const Flow& flow) {
  const std::string scopes = toJson(flow.scopes);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    const int inserted = change(
        connection, kInsert, flow.id, flow.provider, flow.profile, flow.stateHash, flow.codeVerifier,
        flow.redirectUri, flow.redirectAfter, scopes, flow.configFingerprint, flow.startedBy,
        toText(flow.status), flow.error, flow.account, flow.createdAt, flow.expiresAt, flow.confirmationHash,
        flow.confirmationTries, flow.pendingTokens, flow.deviceCode, flow.pollInterval, flow.pollAt);
    if (inserted == 0) return conflict(kExists);
    return {};
  });
}

Result<std::optional<Flow>> SqlStorage::findFlow(const std::string& id) {
  return run(Kind::Read, [&](Connection& connection) -> Result<std::optional<Flow>> {
    return fetch(connection, kFind, readFlow, id);
  });
}

Result<Flow> SqlStorage::consumeState(const std::string& stateHash) {
  return run(Kind::Write, [&](Connection& connection) -> Result<Flow> {
    auto flow = fetch(connection, kConsume, readFlow, stateHash);
    if (flow) return std::move(*flow);
    const bool there = execute(
                           connection, kStateExists, [](const Row&) {}, stateHash) > 0;
    return there ? conflict(kStateUsed) : notFound(kNoFlow);
  });
}

Result<void> SqlStorage::advanceFlow(const Flow& flow, FlowStatus from) {
  const bool awaiting = flow.status == FlowStatus::AwaitingConfirmation;
  const bool exchanged =
      awaiting || flow.status == FlowStatus::Completed || flow.status == FlowStatus::Failed;
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    const int advanced =
        change(connection, kAdvance, toText(flow.status), flow.error, flow.account, flow.confirmationHash,
               flow.confirmationTries, awaiting ? flow.pendingTokens : Sealed(), exchanged ? 1 : 0, flow.id,
               toText(from));
    if (advanced == 0) return conflict(kChanged);
    return {};
  });
}

Result<Flow> SqlStorage::countConfirmationTry(const std::string& id) {
  return run(Kind::Write, [&](Connection& connection) -> Result<Flow> {
    auto flow = fetch(connection, kCountTry, readFlow, id);
    if (flow) return std::move(*flow);
    const bool there = execute(
                           connection, kFind, [](const Row&) {}, id) > 0;
    return there ? conflict(kChanged) : notFound(kNoFlow);
  });
}

Result<std::vector<Flow>> SqlStorage::expireFlows(TimePoint now, const std::string& error,
                                                  std::chrono::seconds keep, int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<std::vector<Flow>> {
    Transaction transaction(connection);
    change(connection, kDeleteOld, TimePoint(now - keep), limit);
    auto expired = fetchReadable(
        connection, kExpire, readFlow, [&](const SqlFailure& failure) { note(failure); }, error, now,
        TimePoint(now - kExchangeTime), limit);
    std::erase_if(expired, [](const Flow& flow) { return flow.pendingTokens.empty(); });
    for (const auto& flow : expired) change(connection, kErasePending, flow.id);
    transaction.commit();
    return expired;
  });
}

Result<std::vector<Flow>> SqlStorage::claimDevicePolls(TimePoint now, std::chrono::seconds claim, int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<std::vector<Flow>> {
    return fetchReadable(
        connection, kClaimPolls, readFlow, [&](const SqlFailure& failure) { note(failure); },
        TimePoint(now + claim), now, now, limit);
  });
}

Result<void> SqlStorage::scheduleDevicePoll(const std::string& id, TimePoint at,
                                            std::chrono::seconds interval) {
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    change(connection, kSchedulePoll, at, interval, id);
    return {};
  });
}

}  // namespace agw::storage
