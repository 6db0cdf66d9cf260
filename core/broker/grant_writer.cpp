#include "broker/grant_writer.hpp"

#include <algorithm>
#include <utility>

namespace agw {
namespace {

constexpr int kTries = 5;

bool sameSubject(const Grant& grant, const PendingConsent& consent) {
  return !grant.subject.empty() && grant.subject == consent.subject && grant.issuer == consent.issuer;
}

}  // namespace

bool isAnothersGrant(const Grant& grant, const PendingConsent& consent) {
  return !grant.subject.empty() && !sameSubject(grant, consent);
}

GrantWriter::GrantWriter(Storage& storage, const Vault& vault, const Clock& clock, Random& random)
    : storage_(storage), vault_(vault), clock_(clock), random_(random) {}

Result<Grant> GrantWriter::grantOf(const Flow& flow, const PendingConsent& consent,
                                   const std::optional<Grant>& existing) {
  const auto now = clock_.now();
  Grant grant;
  grant.profile = flow.profile;
  grant.provider = flow.provider;
  grant.issuer = consent.issuer;
  grant.subject = consent.subject;
  grant.createdAt = existing ? existing->createdAt : now;
  grant.updatedAt = now;
  // Later than the one before in any case: the time tells consents apart.
  grant.consentedAt = existing ? std::max(now, existing->consentedAt + std::chrono::milliseconds(1)) : now;
  auto id = existing ? Result<std::string>(existing->id) : newUuid(random_);
  if (!id) return std::move(id).error();
  grant.id = std::move(*id);

  // Some providers hand out a refresh token at an account's first consent only: then the one that is there is
  // still good, unless it is another account's or known to be dead.
  PlainTokens tokens = consent.tokens;
  const bool keepsOld =
      existing && existing->status == GrantStatus::Active && sameSubject(*existing, consent);
  if (tokens.refresh.empty() && keepsOld) {
    auto old = openTokens(vault_, *existing);
    if (old) {
      tokens.refresh = std::move(old->refresh);
      tokens.refreshExpiresAt = old->refreshExpiresAt;
      if (tokens.carry.empty()) tokens.carry = std::move(old->carry);
    }
  }
  auto sealed = sealTokens(vault_, grant, tokens);
  if (!sealed) return std::move(sealed).error();
  grant.tokens = std::move(*sealed);
  return grant;
}

GrantWriter::Outcome GrantWriter::store(const Flow& flow, const PendingConsent& consent,
                                        IdentityPolicy policy, Living living) {
  for (int tries = 0; tries < kTries; ++tries) {
    const auto existing = storage_.findGrant(flow.provider, flow.profile);
    if (!existing) return Outcome::NotStored;
    if (living == Living::Kept && *existing && (*existing)->status == GrantStatus::Active) {
      return Outcome::Occupied;
    }
    if (policy != IdentityPolicy::None && *existing && isAnothersGrant(**existing, consent)) {
      return Outcome::OtherSubject;
    }
    const auto grant = grantOf(flow, consent, *existing);
    if (!grant) return Outcome::NotStored;
    const auto written = storage_.putGrant(*grant, *existing ? (*existing)->version : 0);
    if (written) return Outcome::Stored;
    if (written.error().kind == ErrorKind::Conflict) continue;
    const auto held = holds(flow, consent);
    if (!held) return Outcome::Unknown;
    if (*held) return Outcome::Stored;
  }
  return Outcome::NotStored;
}

std::optional<bool> GrantWriter::holds(const Flow& flow, const PendingConsent& consent,
                                       std::optional<TimePoint> since) {
  const auto row = storage_.findGrant(flow.provider, flow.profile);
  if (!row) return std::nullopt;
  if (!*row) return false;
  if (since && (*row)->consentedAt >= *since) return true;
  const auto access = openAccessToken(vault_, **row);
  return access && *access == consent.tokens.access;
}

}  // namespace agw
