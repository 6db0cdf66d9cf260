#include <algorithm>

#include "storage/errors.hpp"
#include "storage/memory/memory_storage.hpp"

namespace agw {

using namespace storage;

namespace {

bool isOf(const Grant& grant, const std::string& provider, const std::string& consentId) {
  const auto owner = ownerOf(grant.profile);
  return grant.provider == provider && owner.purpose == Purpose::Installation && owner.consentId == consentId;
}

bool fits(const Installation& row, const InstallationFilter& filter) {
  const auto takes = [](const std::string& wanted, const std::string& text) {
    return wanted.empty() || wanted == text;
  };
  return takes(filter.provider, row.provider) && takes(filter.orgId, row.orgId) &&
         takes(filter.installationId, row.installationId) && takes(filter.consentId, row.consentId) &&
         (!filter.status || *filter.status == row.status) && (!filter.living || !row.revokedAt);
}

/// Newest first, ties by id.
bool comesBefore(TimePoint created, const std::string& id, TimePoint otherCreated, const std::string& other) {
  return created != otherCreated ? created > otherCreated : id < other;
}

}  // namespace

Result<void> MemoryStorage::createInstallFlow(const InstallFlow& flow) {
  const std::lock_guard lock(mutex_);
  const bool taken = std::any_of(installFlows_.begin(), installFlows_.end(), [&](const auto& entry) {
    return entry.second.flow.stateHash == flow.stateHash;
  });
  if (taken || !installFlows_.try_emplace(flow.id, InstallFlowRow{flow}).second) return conflict(kExists);
  return {};
}

Result<InstallFlow> MemoryStorage::consumeInstallState(InstallStep step, const std::string& stateHash) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, row] : installFlows_) {
    if (row.flow.step != step || row.flow.stateHash != stateHash) continue;
    if (row.used) return conflict(kInstallUsed);
    row.used = true;
    return row.flow;
  }
  return notFound(kNoInstallFlow);
}

Result<int> MemoryStorage::deleteInstallFlows(TimePoint before, int limit) {
  const std::lock_guard lock(mutex_);
  int deleted = 0;
  for (auto row = installFlows_.begin(); row != installFlows_.end() && deleted < limit;) {
    const bool old = row->second.flow.expiresAt <= before;
    if (old) ++deleted;
    row = old ? installFlows_.erase(row) : std::next(row);
  }
  return deleted;
}

Installation MemoryStorage::withExpiry(Installation installation) const {
  installation.tokenExpiresAt.reset();
  if (installation.minted()) return installation;
  const auto owner = installationOwner(installation.consentId, installation.kinds.front());
  for (const auto& [id, row] : grants_) {
    if (row.grant.provider == installation.provider && row.grant.profile == owner) {
      installation.tokenExpiresAt = row.grant.tokens.accessExpiresAt;
    }
  }
  return installation;
}

Result<std::vector<Installation>> MemoryStorage::listInstallations(const InstallationFilter& filter) {
  const std::lock_guard lock(mutex_);
  std::vector<Installation> rows;
  for (const auto& [id, row] : installations_) {
    const auto& after = filter.after;
    if (fits(row, filter) && (!after || comesBefore(after->createdAt, after->id, row.createdAt, row.id)))
      rows.push_back(withExpiry(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Installation& left, const Installation& right) {
    return comesBefore(left.createdAt, left.id, right.createdAt, right.id);
  });
  const auto most = static_cast<std::size_t>(std::max(0, filter.limit));
  if (rows.size() > most) rows.resize(most);
  return rows;
}

Result<std::optional<Installation>> MemoryStorage::findInstallation(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = installations_.find(id);
  return found == installations_.end() ? std::nullopt : std::optional(withExpiry(found->second));
}

Result<std::optional<Installation>> MemoryStorage::findLivingInstallation(const std::string& provider,
                                                                          const std::string& orgId) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, row] : installations_) {
    if (row.provider == provider && row.orgId == orgId && !row.revokedAt)
      return std::optional(withExpiry(row));
  }
  return std::optional<Installation>();
}

Result<std::optional<Installation>> MemoryStorage::findLivingInstallationById(
    const std::string& provider, const std::string& installationId) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, row] : installations_) {
    const bool same = !installationId.empty() && row.installationId == installationId;
    if (same && row.provider == provider && !row.revokedAt) return std::optional(withExpiry(row));
  }
  return std::optional<Installation>();
}

bool MemoryStorage::consentLives(const std::string& provider, const std::string& consentId) const {
  return std::any_of(installations_.begin(), installations_.end(), [&](const auto& entry) {
    const Installation& row = entry.second;
    return row.provider == provider && row.consentId == consentId && !row.revokedAt;
  });
}

void MemoryStorage::dropConsent(const std::string& provider, const std::string& consentId) {
  if (consentLives(provider, consentId)) return;
  std::erase_if(grants_, [&](const auto& entry) {
    const bool dropped = isOf(entry.second.grant, provider, consentId);
    if (dropped) changes_.tell(entry.first);
    return dropped;
  });
}

Result<std::vector<Installation>> MemoryStorage::putInstallations(
    const std::vector<Grant>& grants, const std::vector<Installation>& installations) {
  const std::lock_guard lock(mutex_);
  for (const auto& grant : grants) {
    const bool taken = std::any_of(grants_.begin(), grants_.end(), [&](const auto& entry) {
      const Grant& other = entry.second.grant;
      return other.id == grant.id || (other.provider == grant.provider && other.profile == grant.profile);
    });
    if (taken) return conflict(kExists);
  }
  for (const auto& grant : grants) {
    GrantRow row{.grant = grant};
    row.grant.version = 1;
    grants_.emplace(grant.id, std::move(row));
  }
  std::vector<Installation> stored;
  for (Installation next : installations) {
    std::string consentBefore = next.consentId;
    next.version = 1;
    next.revokedAt.reset();
    for (const auto& [id, row] : installations_) {
      if (row.provider != next.provider || row.orgId != next.orgId || row.revokedAt) continue;
      next.id = row.id;
      next.createdAt = row.createdAt;
      next.version = row.version + 1;
      consentBefore = row.consentId;
    }
    installations_.insert_or_assign(next.id, next);
    if (consentBefore != next.consentId) dropConsent(next.provider, consentBefore);
    stored.push_back(std::move(next));
  }
  return stored;
}

Result<Version> MemoryStorage::updateInstallation(const Installation& installation, Version seen) {
  const std::lock_guard lock(mutex_);
  const auto found = installations_.find(installation.id);
  if (found == installations_.end() || found->second.version != seen || found->second.revokedAt)
    return conflict(kChanged);
  Installation& row = found->second;
  row.orgName = installation.orgName;
  row.scopes = installation.scopes;
  row.permissions = installation.permissions;
  row.metadata = installation.metadata;
  row.status = installation.status;
  row.updatedAt = installation.updatedAt;
  row.version = seen + 1;
  return seen + 1;
}

Result<bool> MemoryStorage::endInstallation(const InstallationEnd& end) {
  const std::lock_guard lock(mutex_);
  const auto found = installations_.find(end.id);
  if (found == installations_.end() || found->second.version != end.seen || found->second.revokedAt)
    return conflict(kChanged);
  Installation& row = found->second;
  row.revokedAt = end.at;  // until it is known whether all can be done
  const bool last = !consentLives(row.provider, row.consentId);
  std::size_t ofConsent = 0;
  bool same = true;
  for (const auto& [id, held] : grants_) {
    if (!isOf(held.grant, row.provider, row.consentId)) continue;
    ++ofConsent;
    same = same && std::any_of(end.grants.begin(), end.grants.end(), [&](const auto& ended) {
             return ended.id == id && ended.seen == held.grant.version;
           });
  }
  if (last && (!same || ofConsent != end.grants.size())) {
    row.revokedAt.reset();
    return conflict(kChanged);
  }
  row.status = InstallationStatus::Revoked;
  row.updatedAt = end.at;
  ++row.version;
  if (end.uninstalled) static_cast<void>(addRevocation(*end.uninstalled));
  if (!last) return false;
  for (const auto& grant : end.grants) {
    grants_.erase(grant.id);
    changes_.tell(grant.id);
    if (grant.revocation) static_cast<void>(addRevocation(*grant.revocation));
  }
  return true;
}

}  // namespace agw
