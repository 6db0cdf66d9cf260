#include "ledger.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"

namespace sandbox {

std::string Ledger::issueCode(const Consent& consent, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  families_.push_back({.consent = consent, .entries = {}});
  return add(TokenKind::Code, families_.size() - 1, {.scopes = consent.scopes}, policy.codeTtl, policy);
}

std::variant<Grant, OAuthError> Ledger::redeem(const std::string& code, const std::string& clientId,
                                               const std::optional<std::string>& redirectUri,
                                               const std::string& verifier) {
  const std::lock_guard lock(mutex_);
  Entry* found = entry(TokenKind::Code, code);
  if (found == nullptr)
    return OAuthError{"invalid_grant", "The code is unknown.", OAuthError::Reason::Unknown};
  ++found->uses;
  if (found->state == State::Spent) {
    ++codeReplays_;
    end(found->family);
    return OAuthError{"invalid_grant", "The code was used before; what it gave is revoked.",
                      OAuthError::Reason::Spent};
  }
  if (found->state != State::Alive || expired(*found))
    return OAuthError{"invalid_grant", "The code has expired.", OAuthError::Reason::Expired};

  // One attempt a code, also a failed one: nobody may try verifiers.
  found->state = State::Spent;
  found->spentAt = clock_.now();
  found->verifier = verifier;
  const Consent& consent = families_[found->family].consent;
  if (consent.clientId != clientId)
    return OAuthError{"invalid_grant", "The code belongs to another client.", OAuthError::Reason::Client};
  if (redirectUri && consent.redirectUri != *redirectUri) {
    return OAuthError{"invalid_grant", "redirect_uri is not the one of the authorization request.",
                      OAuthError::Reason::Redirect};
  }
  if (consent.challenge.empty() != verifier.empty()) {
    return OAuthError{"invalid_grant",
                      verifier.empty() ? "code_verifier is missing."
                                       : "code_verifier without a challenge in the authorization request.",
                      OAuthError::Reason::Verifier};
  }
  const std::string proof = consent.plainChallenge ? verifier : base64Url(sha256(verifier));
  if (!consent.challenge.empty() && !sameSecret(proof, consent.challenge)) {
    return OAuthError{"invalid_grant", "code_verifier does not fit the code_challenge.",
                      OAuthError::Reason::Verifier};
  }
  return Grant{.family = found->family, .consent = consent};
}

Grant Ledger::open(const Consent& consent) {
  const std::lock_guard lock(mutex_);
  families_.push_back({.consent = consent, .entries = {}});
  return {.family = families_.size() - 1, .consent = consent};
}

IssuedTokens Ledger::issue(const Grant& grant, const TokenRequest& request, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  return issueLocked(grant.family, request, policy);
}

Outcome Ledger::refresh(const std::string& token, const std::string& clientId,
                        const std::vector<std::string>& scopes, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  Entry* found = entry(TokenKind::Refresh, token);
  if (found == nullptr)
    return OAuthError{"invalid_grant", "The refresh token is unknown.", OAuthError::Reason::Unknown};
  ++found->uses;
  if (families_[found->family].consent.clientId != clientId) {
    return OAuthError{"invalid_grant", "The refresh token belongs to another client.",
                      OAuthError::Reason::Client};
  }
  if (found->state == State::Revoked)
    return OAuthError{"invalid_grant", "The refresh token is revoked.", OAuthError::Reason::Revoked};
  if (expired(*found))
    return OAuthError{"invalid_grant", "The refresh token has expired.", OAuthError::Reason::Expired};
  if (found->state == State::Spent) {
    ++reuse_;
    if (!inGrace(*found, policy)) return refuseSpent(*found, policy);
    ++reuseInGrace_;
  }
  const auto& granted = found->scopes;
  for (const auto& scope : scopes) {
    if (!hasScope(granted, scope))
      return OAuthError{"invalid_scope", "A scope was asked for that was not granted.",
                        OAuthError::Reason::Scope};
  }
  const bool changes = policy.rotation != Rotation::Never;
  if (changes && policy.rotation != Rotation::Keep && found->state == State::Alive) {
    found->state = State::Spent;
    found->spentAt = clock_.now();
  }
  const std::size_t family = found->family;
  const TokenRequest next{
      .scopes = scopes.empty() ? granted : scopes, .label = found->label, .refresh = changes};
  if (policy.refreshEndsAccess) limitAccess(family, next.label, 0);
  return issueLocked(family, next, policy);
}

bool Ledger::inGrace(const Entry& spent, const Policy& policy) const {
  const bool graceful = policy.rotation == Rotation::Grace || policy.rotation == Rotation::Window;
  return graceful && !families_[spent.family].ended && clock_.now() - spent.spentAt <= policy.graceSeconds;
}

Outcome Ledger::refuseSpent(const Entry& spent, const Policy& policy) {
  if (policy.rotation == Rotation::AlwaysRevokeFamily || policy.rotation == Rotation::Window) {
    end(spent.family);
    return OAuthError{"invalid_grant",
                      "The refresh token was used before; all tokens of this consent are revoked.",
                      OAuthError::Reason::Spent};
  }
  return OAuthError{"invalid_grant", "The refresh token was used before.", OAuthError::Reason::Spent};
}

void Ledger::revoke(const std::string& token, const std::string& clientId, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  const auto found = byValue_.find(token);
  if (found == byValue_.end()) return;
  const Consent consent = families_[entries_[found->second].family].consent;
  if (!clientId.empty() && consent.clientId != clientId) return;
  if (!policy.revokeEndsAccount) {
    end(entries_[found->second].family);
    return;
  }
  for (std::size_t family = 0; family < families_.size(); ++family) {
    const Consent& other = families_[family].consent;
    if (other.account == consent.account && other.clientId == consent.clientId) end(family);
  }
}

void Ledger::endToken(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = byValue_.find(token);
  if (found != byValue_.end() && entries_[found->second].state == State::Alive) {
    entries_[found->second].state = State::Revoked;
  }
}

void Ledger::endFamily(std::size_t family) {
  const std::lock_guard lock(mutex_);
  end(family);
}

int Ledger::withdraw(const std::string& account) {
  const std::lock_guard lock(mutex_);
  int ended = 0;
  for (std::size_t family = 0; family < families_.size(); ++family) {
    const bool meant = account.empty() || families_[family].consent.account == account;
    if (families_[family].ended || !meant) continue;
    end(family);
    ++ended;
  }
  return ended;
}

bool Ledger::isAlive(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  const auto found = byValue_.find(token);
  return found != byValue_.end() && stateOf(entries_[found->second]) == "alive";
}

void Ledger::endRefresh(const std::function<bool(const Consent&)>& meant) {
  const std::lock_guard lock(mutex_);
  for (auto& one : entries_) {
    const bool lives = one.kind == TokenKind::Refresh && one.state == State::Alive;
    if (lives && meant(families_[one.family].consent)) one.state = State::Revoked;
  }
}

void Ledger::narrow(const std::string& account, const std::string& clientId,
                    const std::vector<std::string>& scopes) {
  const std::lock_guard lock(mutex_);
  for (auto& one : entries_) {
    const Consent& consent = families_[one.family].consent;
    if (consent.account != account || consent.clientId != clientId) continue;
    std::erase_if(one.scopes, [&](const std::string& scope) { return !hasScope(scopes, scope); });
  }
}

void Ledger::leaveOrganisation(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  for (std::size_t family = 0; family < families_.size(); ++family) {
    auto& covered = families_[family].consent.organisations;
    if (std::erase(covered, organisation) > 0 && covered.empty()) end(family);
  }
}

std::optional<Consent> Ledger::access(const std::string& token) const {
  const auto found = find(token);
  if (!found || found->state != AccessToken::State::Alive) return std::nullopt;
  return found->consent;
}

std::optional<AccessToken> Ledger::find(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  const auto at = byValue_.find(token);
  if (at == byValue_.end() || entries_[at->second].kind != TokenKind::Access) return std::nullopt;
  const Entry& found = entries_[at->second];
  AccessToken access;
  if (found.state != State::Alive) {
    access.state = AccessToken::State::Revoked;
  } else if (expired(found)) {
    access.state = AccessToken::State::Expired;
  }
  access.family = found.family;
  access.label = found.label;
  access.consent = families_[found.family].consent;
  access.consent.scopes = found.scopes;
  access.issuedAt = found.issuedAt;
  access.expiresAt = found.expiresAtMillis / 1'000;
  return access;
}

std::vector<Consent> Ledger::living() const {
  const std::lock_guard lock(mutex_);
  std::vector<Consent> consents;
  for (const auto& family : families_) {
    const bool lives = std::any_of(family.entries.begin(), family.entries.end(), [&](std::size_t index) {
      const Entry& one = entries_[index];
      return one.kind != TokenKind::Code && one.state == State::Alive && !expired(one);
    });
    if (lives) consents.push_back(family.consent);
  }
  return consents;
}

std::string Ledger::add(TokenKind kind, std::size_t family, const TokenRequest& request, int ttl,
                        const Policy& policy) {
  const auto now = clock_.nowMillis();
  std::string value = policy.tokenPrefix + mint_(kind, families_[family].consent, request.label);
  byValue_.emplace(value, entries_.size());
  families_[family].entries.push_back(entries_.size());
  entries_.push_back({.kind = kind,
                      .value = value,
                      .family = family,
                      .scopes = request.scopes,
                      .label = request.label,
                      .state = families_[family].ended ? State::Revoked : State::Alive,
                      .issuedAt = now / 1'000,
                      .expiresAtMillis = ttl == 0 ? 0 : now + std::int64_t{ttl} * 1'000});
  return value;
}

IssuedTokens Ledger::issueLocked(std::size_t family, const TokenRequest& request, const Policy& policy) {
  IssuedTokens tokens;
  tokens.family = family;
  tokens.label = request.label;
  tokens.consent = families_[family].consent;
  // A refresh token keeps all that was granted, however narrow this access token is.
  if (request.refresh) {
    const auto& granted = request.label == "user" ? tokens.consent.userScopes : tokens.consent.scopes;
    tokens.refresh = add(TokenKind::Refresh, family, {.scopes = granted, .label = request.label},
                         policy.refreshTtl, policy);
  }
  if (policy.livingAccess > 0) limitAccess(family, request.label, policy.livingAccess - 1);
  tokens.consent.scopes = request.scopes;
  tokens.access =
      add(TokenKind::Access, family, request, request.accessTtl.value_or(policy.accessTtl), policy);
  return tokens;
}

void Ledger::limitAccess(std::size_t family, const std::string& label, int most) {
  const auto& entries = families_[family].entries;
  for (auto index = entries.rbegin(); index != entries.rend(); ++index) {
    Entry& one = entries_[*index];
    if (one.kind != TokenKind::Access || one.label != label || one.state != State::Alive) continue;
    if (most-- <= 0) one.state = State::Revoked;
  }
}

Ledger::Entry* Ledger::entry(TokenKind kind, const std::string& value) {
  const auto found = byValue_.find(value);
  if (found == byValue_.end() || entries_[found->second].kind != kind) return nullptr;
  return &entries_[found->second];
}

bool Ledger::expired(const Entry& one) const {
  return one.expiresAtMillis != 0 && clock_.nowMillis() >= one.expiresAtMillis;
}

void Ledger::end(std::size_t family) {
  families_[family].ended = true;
  for (const auto index : families_[family].entries) {
    Entry& one = entries_[index];
    if (one.state == State::Alive) one.state = State::Revoked;
  }
}

}  // namespace sandbox
