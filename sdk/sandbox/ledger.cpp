#include "ledger.hpp"

#include <Poco/JSON/Array.h>

#include <algorithm>
#include <utility>

#include "text.hpp"

namespace sandbox {

std::string Ledger::issueCode(const Consent& consent, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  families_.push_back({.consent = consent, .entries = {}});
  return issue(Kind::Code, families_.size() - 1, consent.scopes, policy.codeTtl, policy);
}

Outcome Ledger::redeemCode(const std::string& code, const std::string& clientId,
                           const std::string& redirectUri, const std::string& verifier,
                           const Policy& policy) {
  const std::lock_guard lock(mutex_);
  Entry* entry = find(Kind::Code, code);
  if (entry == nullptr) return OAuthError{"invalid_grant", "The code is unknown."};
  ++entry->uses;
  if (entry->state == State::Spent) {
    ++codeReplays_;
    endFamily(entry->family);
    return OAuthError{"invalid_grant", "The code was used before; what it gave is revoked."};
  }
  if (entry->state != State::Alive || expired(*entry))
    return OAuthError{"invalid_grant", "The code has expired."};

  // One attempt a code, also a failed one: nobody may try verifiers.
  entry->state = State::Spent;
  entry->spentAt = clock_.now();
  entry->verifier = verifier;
  const Consent consent = families_[entry->family].consent;
  if (consent.clientId != clientId) return OAuthError{"invalid_grant", "The code belongs to another client."};
  if (consent.redirectUri != redirectUri) {
    return OAuthError{"invalid_grant", "redirect_uri is not the one of the authorization request."};
  }
  if (consent.challenge.empty() != verifier.empty()) {
    return OAuthError{"invalid_grant",
                      verifier.empty() ? "code_verifier is missing."
                                       : "code_verifier without a challenge in the authorization request."};
  }
  if (!consent.challenge.empty() && !sameSecret(base64Url(sha256(verifier)), consent.challenge)) {
    return OAuthError{"invalid_grant", "code_verifier does not fit the code_challenge."};
  }
  return issuePair(entry->family, consent.scopes, policy.refreshToken, policy);
}

Outcome Ledger::refresh(const std::string& token, const std::string& clientId,
                        const std::vector<std::string>& scopes, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  Entry* entry = find(Kind::Refresh, token);
  if (entry == nullptr) return OAuthError{"invalid_grant", "The refresh token is unknown."};
  ++entry->uses;
  if (families_[entry->family].consent.clientId != clientId) {
    return OAuthError{"invalid_grant", "The refresh token belongs to another client."};
  }
  if (entry->state == State::Revoked) return OAuthError{"invalid_grant", "The refresh token is revoked."};
  if (expired(*entry)) return OAuthError{"invalid_grant", "The refresh token has expired."};
  if (entry->state == State::Spent) {
    ++reuse_;
    const bool inGrace = policy.rotation == Rotation::Grace && !families_[entry->family].ended &&
                         clock_.now() - entry->spentAt <= policy.graceSeconds;
    if (!inGrace) {
      return refuseSpent(*entry, policy);
    }
    ++reuseInGrace_;
  }
  const auto& granted = entry->scopes;
  for (const auto& scope : scopes) {
    if (std::find(granted.begin(), granted.end(), scope) == granted.end()) {
      return OAuthError{"invalid_scope", "A scope was asked for that was not granted."};
    }
  }
  const bool rotates = policy.rotation != Rotation::Never;
  if (rotates && entry->state == State::Alive) {
    entry->state = State::Spent;
    entry->spentAt = clock_.now();
  }
  return issuePair(entry->family, scopes.empty() ? granted : scopes, rotates, policy);
}

Outcome Ledger::refuseSpent(const Entry& entry, const Policy& policy) {
  if (policy.rotation == Rotation::AlwaysRevokeFamily) {
    endFamily(entry.family);
    return OAuthError{"invalid_grant",
                      "The refresh token was used before; all tokens of this consent are revoked."};
  }
  return OAuthError{"invalid_grant", "The refresh token was used before."};
}

void Ledger::revoke(const std::string& token, const std::string& clientId, const Policy& policy) {
  const std::lock_guard lock(mutex_);
  const auto found = byValue_.find(token);
  if (found == byValue_.end()) return;
  const Consent consent = families_[entries_[found->second].family].consent;
  if (!clientId.empty() && consent.clientId != clientId) return;
  if (!policy.revokeEndsAccount) {
    endFamily(entries_[found->second].family);
    return;
  }
  for (std::size_t family = 0; family < families_.size(); ++family) {
    const Consent& other = families_[family].consent;
    if (other.account == consent.account && other.clientId == consent.clientId) endFamily(family);
  }
}

int Ledger::withdraw(const std::string& account) {
  const std::lock_guard lock(mutex_);
  int ended = 0;
  for (std::size_t family = 0; family < families_.size(); ++family) {
    if (families_[family].ended || (!account.empty() && families_[family].consent.account != account))
      continue;
    endFamily(family);
    ++ended;
  }
  return ended;
}

std::optional<Consent> Ledger::access(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  const auto found = byValue_.find(token);
  if (found == byValue_.end()) return std::nullopt;
  const Entry& entry = entries_[found->second];
  if (entry.kind != Kind::Access || entry.state != State::Alive || expired(entry)) return std::nullopt;
  Consent consent = families_[entry.family].consent;
  consent.scopes = entry.scopes;
  return consent;
}

void Ledger::count(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  ++requests_[endpoint];
}

Poco::JSON::Object Ledger::toJson() const {
  static constexpr const char* kKinds[] = {"code", "access", "refresh"};
  const std::lock_guard lock(mutex_);
  Poco::JSON::Array tokens;
  for (const auto& entry : entries_) {
    Poco::JSON::Object line;
    line.set("kind", kKinds[static_cast<std::size_t>(entry.kind)]);
    line.set("value", entry.value);
    line.set("account", families_[entry.family].consent.account);
    line.set("client_id", families_[entry.family].consent.clientId);
    line.set("family", entry.family);
    line.set("scope", joinScopes(entry.scopes));
    line.set("state", stateOf(entry));
    line.set("issued_at", entry.issuedAt);
    line.set("expires_at", entry.expiresAt == 0 ? Poco::Dynamic::Var() : Poco::Dynamic::Var(entry.expiresAt));
    line.set("uses", entry.uses);
    if (entry.kind == Kind::Code) line.set("code_verifier", entry.verifier);
    tokens.add(line);
  }
  Poco::JSON::Object requests;
  for (const auto& [endpoint, times] : requests_) requests.set(endpoint, times);
  Poco::JSON::Object json;
  json.set("requests", requests);
  json.set("reuse", reuse_);
  json.set("reuse_in_grace", reuseInGrace_);
  json.set("code_replays", codeReplays_);
  json.set("tokens", tokens);
  return json;
}

std::string Ledger::issue(Kind kind, std::size_t family, std::vector<std::string> scopes, int ttl,
                          const Policy& policy) {
  static constexpr const char* kMarks[] = {"code-", "access-", "refresh-"};
  const auto now = clock_.now();
  std::string value = policy.tokenPrefix + kMarks[static_cast<std::size_t>(kind)] + randomText();
  byValue_.emplace(value, entries_.size());
  families_[family].entries.push_back(entries_.size());
  entries_.push_back({.kind = kind,
                      .value = value,
                      .family = family,
                      .scopes = std::move(scopes),
                      .issuedAt = now,
                      .expiresAt = ttl == 0 ? 0 : now + ttl});
  return value;
}

IssuedTokens Ledger::issuePair(std::size_t family, std::vector<std::string> scopes, bool withRefresh,
                               const Policy& policy) {
  IssuedTokens tokens;
  tokens.consent = families_[family].consent;
  if (withRefresh) {
    tokens.refresh = issue(Kind::Refresh, family, tokens.consent.scopes, policy.refreshTtl, policy);
  }
  tokens.consent.scopes = scopes;
  tokens.access = issue(Kind::Access, family, std::move(scopes), policy.accessTtl, policy);
  return tokens;
}

Ledger::Entry* Ledger::find(Kind kind, const std::string& value) {
  const auto found = byValue_.find(value);
  if (found == byValue_.end() || entries_[found->second].kind != kind) return nullptr;
  return &entries_[found->second];
}

bool Ledger::expired(const Entry& entry) const {
  return entry.expiresAt != 0 && clock_.now() >= entry.expiresAt;
}

std::string Ledger::stateOf(const Entry& entry) const {
  if (entry.state == State::Revoked) return "revoked";
  if (entry.state == State::Spent) return "spent";
  return expired(entry) ? "expired" : "alive";
}

void Ledger::endFamily(std::size_t family) {
  families_[family].ended = true;
  for (const auto index : families_[family].entries) {
    Entry& entry = entries_[index];
    if (entry.state == State::Alive) entry.state = State::Revoked;
  }
}

}  // namespace sandbox
