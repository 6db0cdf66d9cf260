#include "support/fake_provider.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace agw::test {
namespace {

Error dead() {
  return {.kind = ErrorKind::GrantDead, .message = "The provider does not accept the grant any more."};
}

}  // namespace

FakeProvider::FakeProvider(const std::string& id) {
  configuration.id = id;
  configuration.plugin = "fake";
  configuration.clientId = "client-of-" + id;
  configuration.clientSecret = Secret("CANARY-client-secret");
  configuration.scopes = {"openid", "email", "read"};
  configuration.redirectUri = "https://gateway.test/auth/callback/" + id;
  configuration.fingerprint = "fingerprint-of-" + id;
  abilities.refresh = abilities.revoke = abilities.identity = abilities.verifiedEmail = true;
}

std::string FakeProvider::mint(const std::string& kind) {
  return "CANARY-" + kind + "-" + std::to_string(++minted_);
}

// ---- the person

std::string FakeProvider::parameter(const std::string& authorizationUrl, const std::string& name) {
  const auto query = authorizationUrl.find('?');
  std::string_view rest = std::string_view(authorizationUrl).substr(query + 1);
  while (!rest.empty()) {
    const auto field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    if (field.substr(0, field.find('=')) == name) return *percentDecode(field.substr(name.size() + 1), true);
  }
  return {};
}

std::string FakeProvider::consent(const std::string& authorizationUrl, const Identity& who) {
  const std::lock_guard lock(mutex_);
  const auto code = mint("code");
  codes_[code] = {who, parameter(authorizationUrl, "code_challenge"), parameter(authorizationUrl, "nonce")};
  return code;
}

void FakeProvider::removeAccess(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  for (auto& family : families_) {
    if (family.who.subject == subject) family.revoked = true;
  }
}

// ---- the script

void FakeProvider::failNext(Call call, Error error, When when) {
  const std::lock_guard lock(mutex_);
  scripts_[call].failures.emplace_back(std::move(error), when);
}

void FakeProvider::failAlways(Call call, Error error, When when) {
  const std::lock_guard lock(mutex_);
  scripts_[call].always = {std::move(error), when};
}

void FakeProvider::recover(Call call) {
  const std::lock_guard lock(mutex_);
  scripts_[call].always.reset();
  scripts_[call].failures.clear();
}

void FakeProvider::hold(Call call) {
  const std::lock_guard lock(mutex_);
  scripts_[call].held = true;
}

void FakeProvider::awaitHeld(Call call, int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return scripts_[call].waiting >= count; });
}

void FakeProvider::release(Call call) {
  const std::lock_guard lock(mutex_);
  scripts_[call].held = false;
  changed_.notify_all();
}

bool FakeProvider::isHeld(Call call) const {
  const std::lock_guard lock(mutex_);
  const auto script = scripts_.find(call);
  return script != scripts_.end() && script->second.held;
}

// ---- the ledger

int FakeProvider::calls(Call call) const {
  const std::lock_guard lock(mutex_);
  const auto script = scripts_.find(call);
  return script == scripts_.end() ? 0 : script->second.calls;
}

bool FakeProvider::lives(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    if (!family.revoked && !token.empty() && (family.refresh == token || family.access.contains(token)))
      return true;
  }
  return false;
}

std::vector<FakeProvider::Pair> FakeProvider::livingPairs() const {
  const std::lock_guard lock(mutex_);
  std::vector<Pair> pairs;
  for (const auto& family : families_) {
    if (!family.revoked) pairs.push_back({family.newestAccess, family.refresh});
  }
  return pairs;
}

std::size_t FakeProvider::families() const {
  const std::lock_guard lock(mutex_);
  return families_.size();
}

FakeProvider::Family* FakeProvider::familyOfRefresh(const std::string& token) {
  for (auto& family : families_) {
    if (!token.empty() && (family.refresh == token || family.spent.contains(token))) return &family;
  }
  return nullptr;
}

const FakeProvider::Family* FakeProvider::familyOfAccess(const std::string& token) const {
  for (const auto& family : families_) {
    if (family.access.contains(token)) return &family;
  }
  return nullptr;
}

TokenSet FakeProvider::issue(Family& family, bool withRefreshToken) {
  TokenSet tokens;
  family.newestAccess = mint("access");
  family.access.insert(family.newestAccess);
  tokens.accessToken = Secret(family.newestAccess);
  if (withRefreshToken) {
    if (!family.refresh.empty()) family.spent.insert(family.refresh);
    family.refresh = mint("refresh");
    tokens.refreshToken = Secret(family.refresh);
  }
  tokens.expiresIn = rules.accessLife;
  tokens.scopes = rules.grantedScopes;
  return tokens;
}

// ---- Provider

Result<std::string> FakeProvider::authorizationUrl(const AuthorizationRequest& request) {
  std::string scopes;
  for (const auto& scope : request.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  std::string url = "https://provider.test/authorize?state=" + percentEncode(request.state) +
                    "&nonce=" + percentEncode(request.nonce) + "&scope=" + percentEncode(scopes);
  if (!request.codeChallenge.empty()) url += "&code_challenge=" + percentEncode(request.codeChallenge);
  if (!request.challenge.empty()) url += "&challenge=" + percentEncode(request.challenge);
  if (!request.orgId.empty()) url += "&organisation=" + percentEncode(request.orgId);
  if (!request.loginHint.empty()) url += "&login_hint=" + percentEncode(request.loginHint);
  return url;
}

Result<TokenSet> FakeProvider::exchange(const CodeExchange& request) {
  return perform<TokenSet>(Call::Exchange, [&] { return exchangeLocked(request); });
}

Result<TokenSet> FakeProvider::exchangeLocked(const CodeExchange& request) {
  const auto found = codes_.find(std::string(request.code.reveal()));
  if (found == codes_.end()) return dead();
  const Code code = found->second;
  codes_.erase(found);
  if (!code.challenge.empty() && codeChallengeS256(request.codeVerifier.reveal()) != code.challenge)
    return dead();
  if (rules.refreshTokenOnlyOnFirstConsent) {
    for (auto& family : families_) {
      if (family.revoked || family.who.subject != code.who.subject) continue;
      family.nonce = code.nonce;
      return issue(family, false);
    }
  }
  Family family;
  family.who = code.who;
  family.nonce = code.nonce;
  families_.push_back(std::move(family));
  return issue(families_.back(), rules.givesRefreshToken);
}

Result<TokenSet> FakeProvider::refresh(const RefreshRequest& request) {
  return perform<TokenSet>(Call::Refresh, [&] { return refreshLocked(request); });
}

Result<TokenSet> FakeProvider::refreshLocked(const RefreshRequest& request) {
  if (request.refreshToken.empty()) {
    return Error{.kind = ErrorKind::Unsupported, .message = "There is nothing to renew with."};
  }
  const std::string token(request.refreshToken.reveal());
  Family* family = familyOfRefresh(token);
  if (!family || family->revoked) return dead();
  if (family->refresh != token && !rules.grace) {
    if (rules.endsFamilyOnReuse) family->revoked = true;
    return dead();
  }
  return issue(*family, rules.rotates);
}

Result<void> FakeProvider::revoke(const RevokeRequest& request) {
  return perform<void>(Call::Revoke, [&] {
    revocations_.push_back(request);
    return revokeLocked(request);
  });
}

Result<void> FakeProvider::revokeLocked(const RevokeRequest& request) {
  const std::string access(request.accessToken.reveal());
  Family* family = familyOfRefresh(std::string(request.refreshToken.reveal()));
  for (auto& other : families_) {
    if (!family && other.access.contains(access)) family = &other;
  }
  if (!family) return {};
  family->revoked = true;
  for (auto& other : families_) {
    if (abilities.revokesAccount && other.who.subject == family->who.subject) other.revoked = true;
  }
  return {};
}

Result<Identity> FakeProvider::identify(const TokenSet& tokens, const std::string& nonce) {
  return perform<Identity>(Call::Identify, [&]() -> Result<Identity> {
    const Family* family = familyOfAccess(std::string(tokens.accessToken.reveal()));
    if (!family || (!nonce.empty() && family->nonce != nonce)) {
      return Error{.kind = ErrorKind::Malformed,
                   .message = "The id_token is not the answer to this consent."};
    }
    return family->who;
  });
}

Scopes FakeProvider::normalizeScopes(const Scopes& scopes) const {
  Scopes spelled;
  for (const auto& scope : scopes) {
    const auto known = rules.spellings.find(scope);
    spelled.push_back(known == rules.spellings.end() ? scope : known->second);
  }
  return spelled;
}

// ---- organisations

MintRequest FakeProvider::lastMint() const {
  const std::lock_guard lock(mutex_);
  return lastMint_;
}

std::vector<RevokeRequest> FakeProvider::revocations() const {
  const std::lock_guard lock(mutex_);
  return revocations_;
}

Result<InstallationCallback> FakeProvider::readCallback(const CallbackReading& reading) {
  const auto text = [&](const char* name) {
    const auto found = reading.parameters.find(name);
    return found == reading.parameters.end() ? std::string() : found->second;
  };
  InstallationCallback callback;
  callback.error = text("error");
  if (callback.error.empty()) callback.code = Secret(text("code"));
  if (!callback.error.empty() || !callback.code.empty()) return callback;
  if (!organisations.sendsOn)
    return Error{.kind = ErrorKind::Malformed, .message = "The redirect has no code."};
  callback.nextUrl = "https://provider.test/authorize?state=" + percentEncode(reading.nextState);
  return callback;
}

Result<std::vector<TokenSet>> FakeProvider::exchangeInstallation(const CodeExchange& request) {
  return perform<std::vector<TokenSet>>(Call::Exchange, [&]() -> Result<std::vector<TokenSet>> {
    auto first = exchangeLocked(request);
    if (!first) return first.error();
    const Identity who = families_.back().who;
    std::vector<TokenSet> tokens{*first};
    while (tokens.size() < organisations.kinds.size()) {
      families_.emplace_back();
      families_.back().who = who;
      tokens.push_back(issue(families_.back(), rules.givesRefreshToken));
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i].kind = organisations.kinds[i];
    return tokens;
  });
}

Result<std::vector<InstallationFacts>> FakeProvider::installations(const std::vector<TokenSet>& tokens,
                                                                   const QueryParameters& redirect) {
  using Facts = std::vector<InstallationFacts>;
  return perform<Facts>(Call::Installations, [&]() -> Result<Facts> {
    const Family* family = familyOfAccess(std::string(tokens.front().accessToken.reveal()));
    Facts facts = family ? organisations.reach[family->who.subject] : Facts();
    const auto claimed = redirect.find("installation_id");
    if (claimed == redirect.end()) return facts;
    std::erase_if(facts, [&](const auto& each) { return each.installationId != claimed->second; });
    if (!facts.empty()) return facts;
    return Error{.kind = ErrorKind::Denied, .message = "That installation is not one of this account's."};
  });
}

Result<TokenSet> FakeProvider::mintInstallationToken(const MintRequest& request) {
  return perform<TokenSet>(Call::Mint, [&]() -> Result<TokenSet> {
    lastMint_ = request;
    TokenSet tokens;
    tokens.accessToken = Secret(mint("minted"));
    tokens.expiresIn = rules.accessLife;
    return tokens;
  });
}

// ---- FakeDirectory

void FakeDirectory::set(std::shared_ptr<Provider> provider) {
  const std::lock_guard lock(mutex_);
  const auto id = provider->config().id;
  providers_[id] = std::move(provider);
}

void FakeDirectory::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  providers_.erase(id);
}

void FakeDirectory::notConfigured(const std::string& id) {
  const std::lock_guard lock(mutex_);
  providers_[id] = nullptr;
}

Result<std::shared_ptr<Provider>> FakeDirectory::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = providers_.find(id);
  if (found == providers_.end()) {
    return Error{
        .kind = ErrorKind::NotFound, .message = "There is no such provider.", .code = "unknown_provider"};
  }
  if (found->second) return found->second;
  return Error{.kind = ErrorKind::Transient,
               .message = "This provider is not configured.",
               .code = "provider_not_configured"};
}

std::vector<ProviderStatus> FakeDirectory::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<ProviderStatus> lines;
  for (const auto& [id, provider] : providers_) {
    ProviderStatus line;
    line.id = line.displayName = id;
    line.state = provider ? LoadState::Ready : LoadState::NotConfigured;
    if (provider) {
      line.displayName = provider->displayName();
      line.plugin = provider->config().plugin;
      line.capabilities = provider->capabilities();
    } else {
      line.reason = "Variables are not set.";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace agw::test
