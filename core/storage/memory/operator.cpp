#include <algorithm>
#include <tuple>

#include "storage/errors.hpp"
#include "storage/memory/memory_storage.hpp"
#include "storage/open.hpp"

namespace agw {

using namespace storage;

std::unique_ptr<Storage> makeMemoryStorage(const Clock& clock) {
  return std::make_unique<MemoryStorage>(clock);
}

Result<std::optional<std::string>> MemoryStorage::readMeta(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = meta_.find(name);
  return found == meta_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryStorage::writeMeta(const std::string& name, const std::string& value) {
  const std::lock_guard lock(mutex_);
  meta_[name] = value;
  return {};
}

Result<void> MemoryStorage::createApiKey(const ApiKeyRecord& key) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, other] : keys_) {
    if (other.name == key.name && !other.revokedAt) return conflict(kKeyNameTaken);
    if (other.keyHash == key.keyHash) return conflict(kExists);
  }
  if (!keys_.try_emplace(key.id, key).second) return conflict(kExists);
  return {};
}

Result<std::optional<ApiKeyRecord>> MemoryStorage::findApiKey(const std::string& keyHash) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, key] : keys_) {
    if (key.keyHash == keyHash) return std::optional(key);
  }
  return std::optional<ApiKeyRecord>();
}

Result<std::vector<ApiKeyRecord>> MemoryStorage::listApiKeys() {
  const std::lock_guard lock(mutex_);
  std::vector<ApiKeyRecord> keys;
  keys.reserve(keys_.size());
  for (const auto& [id, key] : keys_) keys.push_back(key);
  std::stable_sort(keys.begin(), keys.end(),
                   [](const auto& left, const auto& right) { return left.createdAt < right.createdAt; });
  return keys;
}

Result<void> MemoryStorage::revokeApiKey(const std::string& idOrName, TimePoint at) {
  const std::lock_guard lock(mutex_);
  bool found = false;
  for (auto& [id, key] : keys_) {
    if (key.revokedAt || (id != idOrName && key.name != idOrName)) continue;
    key.revokedAt = at;
    found = true;
  }
  if (!found) return notFound(kNoKey);
  return {};
}

Result<void> MemoryStorage::touchApiKey(const std::string& id, TimePoint at) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(id);
  if (found != keys_.end()) found->second.lastUsedAt = std::max(found->second.lastUsedAt.value_or(at), at);
  return {};
}

Result<void> MemoryStorage::appendAudit(const AuditEvent& event) {
  const std::lock_guard lock(mutex_);
  audit_.push_back(event);
  return {};
}

Result<std::vector<AuditEvent>> MemoryStorage::listAudit(int limit) {
  const std::lock_guard lock(mutex_);
  const auto count = std::min(audit_.size(), static_cast<std::size_t>(std::max(0, limit)));
  return std::vector<AuditEvent>(audit_.rbegin(), audit_.rbegin() + static_cast<std::ptrdiff_t>(count));
}

Result<void> MemoryStorage::putProvider(const ProviderRow& row) {
  const std::lock_guard lock(mutex_);
  const auto found = providers_.find(row.id);
  const Version version = found == providers_.end() ? 1 : found->second.version + 1;
  ProviderRow next = row;
  next.version = version;
  providers_[row.id] = std::move(next);
  return {};
}

Result<std::vector<ProviderRow>> MemoryStorage::listProviders() {
  const std::lock_guard lock(mutex_);
  std::vector<ProviderRow> rows;
  rows.reserve(providers_.size());
  for (const auto& [id, row] : providers_) rows.push_back(row);
  return rows;
}

std::vector<SealedRow> MemoryStorage::allSealed() const {
  std::vector<SealedRow> rows;
  const auto add = [&rows](SealedRow row) {
    std::erase_if(row.fields, [](const SealedField& field) { return field.text.empty(); });
    if (!row.fields.empty()) rows.push_back(std::move(row));
  };
  for (const auto& [id, row] : grants_) {
    const Grant& grant = row.grant;
    add({"oauth_credentials",
         id,
         grant.provider,
         grant.profile,
         grant.version,
         {{"access_token", grant.tokens.accessToken},
          {"refresh_token", grant.tokens.refreshToken},
          {"carry", grant.tokens.carry}}});
  }
  for (const auto& [id, row] : providers_) {
    add({"oauth_providers", id, id, "", row.version, {{"client_secret", row.clientSecret}}});
  }
  for (const auto& [id, entry] : revocations_) {
    add({"oauth_revocations",
         id,
         entry.row.provider,
         entry.row.profile,
         entry.version,
         {{"tokens", entry.row.tokens}}});
  }
  for (const auto& [id, entry] : flows_) {
    add({"oauth_sessions",
         id,
         entry.row.provider,
         entry.row.profile,
         entry.version,
         {{"code_verifier", entry.row.codeVerifier},
          {"pending_tokens", entry.row.pendingTokens},
          {"device_code", entry.row.deviceCode}}});
  }
  for (const auto& [id, entry] : installFlows_) {
    add({"oauth_states",
         id,
         entry.flow.provider,
         "",
         entry.version,
         {{"code_verifier", entry.flow.codeVerifier}}});
  }
  return rows;
}

Result<std::vector<SealedRow>> MemoryStorage::sealedRows(const std::string& afterTable,
                                                         const std::string& afterId, int limit) {
  const std::lock_guard lock(mutex_);
  auto rows = allSealed();
  std::erase_if(rows, [&](const SealedRow& row) {
    return std::tie(row.table, row.id) <= std::tie(afterTable, afterId);
  });
  if (rows.size() > static_cast<std::size_t>(std::max(0, limit)))
    rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

Result<void> MemoryStorage::replaceSealed(const SealedRow& row) {
  // The id of another table's row is no grant's.
  const GrantWrite told(changes_, row.id);
  const std::lock_guard lock(mutex_);
  const auto current = allSealed();
  const auto same = std::find_if(current.begin(), current.end(), [&](const SealedRow& other) {
    return other.table == row.table && other.id == row.id && other.version == row.version;
  });
  if (same == current.end()) return conflict(kChanged);
  const auto write = [&row](std::string_view column, Sealed& text) {
    for (const auto& field : row.fields) {
      if (field.column == column) text = field.text;
    }
  };
  if (row.table == "oauth_credentials") {
    auto& grant = grants_.at(row.id);
    if (leased(grant)) return conflict(kLeaseHeld);
    write("access_token", grant.grant.tokens.accessToken);
    write("refresh_token", grant.grant.tokens.refreshToken);
    write("carry", grant.grant.tokens.carry);
    ++grant.grant.version;
  } else if (row.table == "oauth_providers") {
    write("client_secret", providers_.at(row.id).clientSecret);
    ++providers_.at(row.id).version;
  } else if (row.table == "oauth_revocations") {
    write("tokens", revocations_.at(row.id).row.tokens);
    ++revocations_.at(row.id).version;
  } else if (row.table == "oauth_states") {
    write("code_verifier", installFlows_.at(row.id).flow.codeVerifier);
    ++installFlows_.at(row.id).version;
  } else {
    write("code_verifier", flows_.at(row.id).row.codeVerifier);
    write("pending_tokens", flows_.at(row.id).row.pendingTokens);
    write("device_code", flows_.at(row.id).row.deviceCode);
    ++flows_.at(row.id).version;
  }
  return {};
}

}  // namespace agw
