#include <algorithm>

#include "storage/errors.hpp"
#include "storage/memory/memory_storage.hpp"

namespace agw {

using namespace storage;

namespace {

bool finished(FlowStatus status) {
  return status == FlowStatus::Completed || status == FlowStatus::Failed;
}

}  // namespace

Result<void> MemoryStorage::createFlow(const Flow& flow) {
  const std::lock_guard lock(mutex_);
  const bool taken = std::any_of(flows_.begin(), flows_.end(), [&](const auto& entry) {
    return entry.second.row.stateHash == flow.stateHash;
  });
  if (taken || !flows_.try_emplace(flow.id, Versioned<Flow>{flow}).second) return conflict(kExists);
  return {};
}

Result<std::optional<Flow>> MemoryStorage::findFlow(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(id);
  return found == flows_.end() ? std::nullopt : std::optional(found->second.row);
}

Result<Flow> MemoryStorage::consumeState(const std::string& stateHash) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, entry] : flows_) {
    if (entry.row.stateHash != stateHash) continue;
    if (entry.row.status != FlowStatus::Pending) return conflict(kStateUsed);
    entry.row.status = FlowStatus::Exchanging;
    return entry.row;
  }
  return notFound(kNoFlow);
}

Result<void> MemoryStorage::advanceFlow(const Flow& flow, FlowStatus from) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(flow.id);
  if (found == flows_.end() || found->second.row.status != from) return conflict(kChanged);
  Flow& row = found->second.row;
  row.status = flow.status;
  row.error = flow.error;
  row.account = flow.account;
  row.confirmationHash = flow.confirmationHash;
  row.confirmationTries = flow.confirmationTries;
  row.pendingTokens = flow.status == FlowStatus::AwaitingConfirmation ? flow.pendingTokens : Sealed();
  if (finished(flow.status) || flow.status == FlowStatus::AwaitingConfirmation) row.codeVerifier.clear();
  ++found->second.version;
  return {};
}

Result<Flow> MemoryStorage::countConfirmationTry(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(id);
  if (found == flows_.end()) return notFound(kNoFlow);
  if (found->second.row.status != FlowStatus::AwaitingConfirmation) return conflict(kChanged);
  ++found->second.row.confirmationTries;
  return found->second.row;
}

Result<std::vector<Flow>> MemoryStorage::expireFlows(TimePoint now, const std::string& error,
                                                     std::chrono::seconds keep, int limit) {
  const std::lock_guard lock(mutex_);
  int left = limit;
  for (auto entry = flows_.begin(); entry != flows_.end() && left > 0;) {
    const Flow& flow = entry->second.row;
    const bool old = finished(flow.status) && flow.expiresAt <= now - keep;
    if (old) --left;
    entry = old ? flows_.erase(entry) : std::next(entry);
  }
  std::vector<Flow> holding;
  for (auto& [id, entry] : flows_) {
    Flow& flow = entry.row;
    if (left == 0) break;
    if (finished(flow.status) || flow.expiresAt > now) continue;
    --left;
    ++entry.version;
    flow.status = FlowStatus::Failed;
    flow.error = error;
    flow.codeVerifier.clear();
    if (flow.pendingTokens.empty()) continue;
    holding.push_back(flow);
    flow.pendingTokens.clear();
  }
  return holding;
}

}  // namespace agw
