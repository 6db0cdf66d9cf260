#include <algorithm>
#include <tuple>

#include "storage/errors.hpp"
#include "storage/memory/memory_storage.hpp"

namespace agw {

using namespace storage;

namespace {

bool finished(FlowStatus status) {
  return status == FlowStatus::Completed || status == FlowStatus::Failed;
}

void endPolls(Flow& flow) {
  flow.deviceCode.clear();
  flow.pollAt.reset();
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
  endPolls(row);
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
  left = limit;
  for (auto& [id, entry] : flows_) {
    Flow& flow = entry.row;
    if (left == 0) break;
    const auto over = flow.status == FlowStatus::Exchanging ? now - kExchangeTime : now;
    if (finished(flow.status) || flow.expiresAt > over) continue;
    --left;
    ++entry.version;
    flow.status = FlowStatus::Failed;
    flow.error = error;
    flow.codeVerifier.clear();
    endPolls(flow);
    if (flow.pendingTokens.empty()) continue;
    holding.push_back(flow);
    flow.pendingTokens.clear();
  }
  return holding;
}

Result<std::vector<Flow>> MemoryStorage::claimDevicePolls(TimePoint now, std::chrono::seconds claim,
                                                          int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<Flow*> due;
  for (auto& [id, entry] : flows_) {
    Flow& flow = entry.row;
    if (flow.status == FlowStatus::Pending && flow.pollAt && *flow.pollAt <= now && flow.expiresAt > now)
      due.push_back(&flow);
  }
  std::sort(due.begin(), due.end(), [](const Flow* left, const Flow* right) {
    return std::tie(*left->pollAt, left->id) < std::tie(*right->pollAt, right->id);
  });
  if (due.size() > static_cast<std::size_t>(std::max(0, limit))) due.resize(static_cast<std::size_t>(limit));
  std::vector<Flow> claimed;
  for (Flow* flow : due) {
    flow->pollAt = now + claim;
    claimed.push_back(*flow);
  }
  return claimed;
}

Result<void> MemoryStorage::scheduleDevicePoll(const std::string& id, TimePoint at,
                                               std::chrono::seconds interval) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(id);
  if (found == flows_.end() || found->second.row.status != FlowStatus::Pending) return {};
  found->second.row.pollAt = at;
  found->second.row.pollInterval = interval;
  return {};
}

}  // namespace agw
