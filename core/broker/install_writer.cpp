#include "broker/install_writer.hpp"

#include <algorithm>
#include <utility>

#include "broker/consent_words.hpp"
#include "broker/errors.hpp"

namespace agw {
namespace {

constexpr std::chrono::seconds kSettleAfter{15};

bool keepsTokens(const InstallConsent& consent) {
  return std::any_of(consent.organisations.begin(), consent.organisations.end(),
                     [](const InstallationFacts& facts) { return !facts.minted; });
}

}  // namespace

InstallWriter::InstallWriter(Parts parts) : parts_(parts) {}

Result<std::vector<Grant>> InstallWriter::grantsOf(const InstallFlow& flow, const InstallConsent& consent) {
  std::vector<Grant> grants;
  if (!keepsTokens(consent)) return grants;
  for (const auto& token : consent.tokens) {
    auto id = newUuid(parts_.random);
    if (!id) return std::move(id).error();
    Grant grant;
    grant.id = std::move(*id);
    grant.profile = installationOwner(consent.id, token.kind);
    grant.provider = flow.provider;
    grant.issuer = token.issuer;
    grant.subject = token.subject;
    grant.createdAt = grant.consentedAt = grant.updatedAt = parts_.clock.now();
    auto sealed = sealTokens(parts_.vault, grant, token.tokens);
    if (!sealed) return std::move(sealed).error();
    grant.tokens = std::move(*sealed);
    grants.push_back(std::move(grant));
  }
  return grants;
}

Result<std::vector<Installation>> InstallWriter::rowsOf(const InstallFlow& flow,
                                                        const InstallConsent& consent) {
  std::vector<Installation> rows;
  for (const auto& facts : consent.organisations) {
    auto id = newUuid(parts_.random);
    if (!id) return std::move(id).error();
    Installation row;
    row.id = std::move(*id);
    row.provider = flow.provider;
    row.orgId = facts.orgId;
    row.orgName = facts.orgName;
    row.installationId = facts.installationId;
    row.consentId = consent.id;
    row.scopes = facts.scopes;
    if (!facts.minted) {
      for (const auto& token : consent.tokens) row.kinds.push_back(token.kind);
      if (row.scopes.empty()) row.scopes = consent.tokens.front().tokens.scopes;
    }
    row.permissions = facts.permissions;
    row.metadata = facts.metadata;
    row.installedBy = flow.startedBy;
    row.status = facts.suspended ? InstallationStatus::Suspended : InstallationStatus::Active;
    row.createdAt = row.updatedAt = parts_.clock.now();
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<Installation>> InstallWriter::store(const InstallFlow& flow,
                                                       const InstallConsent& consent) {
  const auto grants = grantsOf(flow, consent);
  const auto rows = grants ? rowsOf(flow, consent) : Result<std::vector<Installation>>(grants.error());
  if (!rows) {
    discard(flow, consent);
    return notStored();
  }
  const auto since = parts_.clock.now();
  auto stored = parts_.storage.putInstallations(*grants, *rows);
  if (!stored) {
    auto found = held(flow, consent);
    if (!found) {
      parts_.log.write(LogLevel::Error, "install_undecided",
                       {{"flow", flow.id}, {"provider", flow.provider}});
      const std::lock_guard lock(mutex_);
      undecided_.push_back({flow, consent, since});
      return notSureStored();
    }
    if (found->empty()) {
      discard(flow, consent);
      return notStored();
    }
    stored = std::move(*found);
  }
  if (!keepsTokens(consent)) discard(flow, consent);
  return stored;
}

std::optional<std::vector<Installation>> InstallWriter::held(const InstallFlow& flow,
                                                             const InstallConsent& consent) {
  InstallationFilter filter;
  filter.provider = flow.provider;
  filter.consentId = consent.id;
  auto rows = parts_.storage.listInstallations(filter);
  if (!rows) return std::nullopt;
  return std::move(*rows);
}

void InstallWriter::discard(const InstallFlow& flow, const InstallConsent& consent) {
  for (const auto& token : consent.tokens) {
    RevokeRequest request;
    request.accessToken = token.tokens.access;
    request.refreshToken = token.tokens.refresh;
    request.carry = token.tokens.carry;
    parts_.revoke.discard(flow.provider, installationOwner(consent.id, token.kind), token.subject, request);
  }
}

void InstallWriter::settle() {
  std::vector<Undecided> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(undecided_);
  }
  for (auto& undecided : open) {
    const bool ripe = parts_.clock.now() >= undecided.since + kSettleAfter;
    const auto found = ripe ? held(undecided.flow, undecided.consent) : std::nullopt;
    if (!found) {
      const std::lock_guard lock(mutex_);
      undecided_.push_back(std::move(undecided));
    } else if (found->empty() || !keepsTokens(undecided.consent)) {
      discard(undecided.flow, undecided.consent);
    }
  }
}

}  // namespace agw
