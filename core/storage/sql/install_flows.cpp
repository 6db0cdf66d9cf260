#include "storage/errors.hpp"
#include "storage/sql/rows.hpp"
#include "storage/sql/sql_storage.hpp"

namespace agw::storage {
namespace {

const Sql kInsert{"INSERT INTO oauth_states (" + kInstallFlowColumns +
                  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"};
const Sql kConsume{
    "UPDATE oauth_states SET used_at = ? WHERE state = ? AND step = ? AND used_at IS NULL RETURNING " +
    kInstallFlowColumns};
const Sql kStateExists{"SELECT 1 FROM oauth_states WHERE state = ? AND step = ?"};
const Sql kDeleteOld{
    "DELETE FROM oauth_states WHERE id IN (SELECT id FROM oauth_states WHERE expires_at <= ? LIMIT ? {skip "
    "locked})"};

}  // namespace

Result<void> SqlStorage::createInstallFlow(const InstallFlow& flow) {
  const std::string parameters = toJson(flow.parameters);
  return run(Kind::Write, [&](Connection& connection) -> Result<void> {
    const int inserted =
        change(connection, kInsert, flow.id, flow.provider, toText(flow.step), flow.stateHash,
               flow.codeVerifier, flow.redirectUri, flow.redirectAfter, flow.orgId, flow.configFingerprint,
               flow.startedBy, flow.browserHash, parameters, flow.createdAt, flow.expiresAt);
    if (inserted == 0) return conflict(kExists);
    return {};
  });
}

Result<InstallFlow> SqlStorage::consumeInstallState(InstallStep step, const std::string& stateHash) {
  return run(Kind::Write, [&](Connection& connection) -> Result<InstallFlow> {
    auto flow = fetch(connection, kConsume, readInstallFlow, clock_.now(), stateHash, toText(step));
    if (flow) return std::move(*flow);
    const bool there = execute(
                           connection, kStateExists, [](const Row&) {}, stateHash, toText(step)) > 0;
    return there ? conflict(kInstallUsed) : notFound(kNoInstallFlow);
  });
}

Result<int> SqlStorage::deleteInstallFlows(TimePoint before, int limit) {
  return run(Kind::Write, [&](Connection& connection) -> Result<int> {
    return change(connection, kDeleteOld, before, limit);
  });
}

}  // namespace agw::storage
