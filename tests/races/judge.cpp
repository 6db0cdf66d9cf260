#include "races/judge.hpp"

#include <algorithm>

namespace agw::test {
namespace {

using std::chrono::seconds;

constexpr seconds kLife{3600};

std::string text(const Secret& secret) {
  return std::string(secret.reveal());
}

std::string spending(const RefreshRequest& request) {
  return text(request.refreshToken) + " with " + text(request.accessToken);
}

}  // namespace

void Judge::violation(const std::string& what) {
  violations_.push_back(what);
  scheduler_.note("VIOLATION: " + what);
}

std::optional<PlainTokens> Judge::opened(const Grant& grant) const {
  auto tokens = openTokens(vault_, grant);
  return tokens ? std::optional(std::move(*tokens)) : std::nullopt;
}

const Judge::Token* Judge::known(const std::string& access) const {
  const auto found = tokens_.find(access);
  return found == tokens_.end() ? nullptr : &found->second;
}

bool Judge::mayHaveDied(const std::string& profile) const {
  return excused_.contains(profile) || excused_.contains(kEverybody) || triedAgain_.contains(profile);
}

bool Judge::isNewest(const FakeProvider::Pair& pair) const {
  const auto pairs = provider_.livingPairs();
  return std::find(pairs.begin(), pairs.end(), pair) != pairs.end();
}

// ---- what the provider did

void Judge::issued(const Scheduler::Actor& actor, const TokenSet& tokens) {
  tokens_[text(tokens.accessToken)] = {.profile = actor.profile,
                                       .family = families_++,
                                       .issuedAt = clock_.now(),
                                       .diedAt = {},
                                       .revoked = false};
}

// Law 3. A second time is right only where nobody can know what became of the first.
void Judge::presented(const Scheduler::Actor& actor, const RefreshRequest& request) {
  auto& earlier = presented_[spending(request)];
  for (const auto& presentation : earlier) {
    const bool leaseOver = clock_.now() - presentation.leasedAt >= leaseLife_;
    const auto* spent = known(text(request.accessToken));
    if (leaseOver) triedAgain_.insert(spent ? spent->profile : actor.profile);
    if (!presentation.excused && !leaseOver) {
      violation("law 3: " + actor.name + " spends a refresh token that " + presentation.actor +
                " is spending");
    }
  }
  earlier.push_back({actor.name, leasedAt_[actor.name], false});
}

void Judge::answered(const RefreshRequest& request, const Result<TokenSet>& answer) {
  noteDeaths(false);
  const auto* spent = known(text(request.accessToken));
  if (!answer || !spent) return;
  tokens_[text(answer->accessToken)] = {.profile = spent->profile,
                                        .family = spent->family,
                                        .issuedAt = clock_.now(),
                                        .diedAt = {},
                                        .revoked = false};
}

void Judge::noteDeaths(bool byRevocation) {
  for (auto& [access, token] : tokens_) {
    if (token.diedAt || provider_.lives(access)) continue;
    token.diedAt = scheduler_.now();
    token.revoked = byRevocation;
  }
}

// ---- what the storage did

void Judge::consented(const Grant& grant) {
  const auto tokens = opened(grant);
  const auto* token = tokens ? known(text(tokens->access)) : nullptr;
  if (!token) return violation("a consent stored tokens that the provider never issued");
  family_[grant.profile] = token->family;
  storedAt_[token->family] = scheduler_.now();
  consentedAt_[grant.profile] = scheduler_.now();
}

void Judge::removed(const std::string& profile) {
  removedAt_[profile] = scheduler_.now();
  for (const auto& [access, token] : tokens_) {
    if (token.profile == profile && token.family == family_[profile]) dead_.push_back(access);
  }
  family_.erase(profile);
}

// ---- what the test did

void Judge::disturbed(Scheduler::Actor& actor) {
  actor.disturbed = true;
  abandoned(actor);
}

void Judge::abandoned(const Scheduler::Actor& actor) {
  if (!actor.profile.empty()) excused_.insert(actor.profile);
  for (auto& [pair, presentations] : presented_) {
    for (auto& presentation : presentations) {
      if (presentation.actor == actor.name) presentation.excused = true;
    }
  }
}

// ---- what callers saw

Judge::Before Judge::beforeRead(const std::string& profile) {
  Before before;
  before.row = *truth_.findGrant("fake", profile);
  if (!before.row) return before;
  const auto tokens = opened(*before.row);
  before.lived = tokens && provider_.lives(text(tokens->access));
  return before;
}

void Judge::read(const Scheduler::Actor& actor, const TokenRequest& request, const Before& before,
                 const Result<TokenAnswer>& answer, bool behind) {
  answer ? servedToken(actor, before, text(answer->accessToken), behind)
         : servedError(actor, request, before, answer.error());
}

void Judge::servedToken(const Scheduler::Actor& actor, const Before& before, const std::string& access,
                        bool behind) {
  const auto* token = known(access);
  if (!token) return violation("law 1: " + actor.name + " was served a token that nobody issued");
  if (token->profile != actor.profile) violation("law 1: " + actor.name + " was served another's token");
  if (clock_.now() - token->issuedAt >= kLife)
    violation("law 1: " + actor.name + " was served an expired token");
  const auto ended = revocationEnded_.find({actor.replica, actor.profile});
  if (ended != revocationEnded_.end() && ended->second < actor.begun &&
      storedAt_[token->family] < removedAt_[actor.profile]) {
    violation("law 8: " + actor.name + " was served a token after its replica had revoked it");
  }
  if (!token->diedAt || *token->diedAt >= actor.begun || behind) return;
  if (token->revoked)
    return violation("law 8: " + actor.name + " was served a token revoked before it asked");
  const auto row = *truth_.findGrant("fake", actor.profile);
  const auto stored = row ? opened(*row) : std::nullopt;
  const bool livingAllTheTime = before.lived && before.row && row && before.row->version == row->version &&
                                stored && provider_.lives(text(stored->access));
  if (livingAllTheTime || !mayHaveDied(actor.profile)) {
    violation("law 1: " + actor.name + " was served a dead token while there was a living one");
  }
}

void Judge::servedError(const Scheduler::Actor& actor, const TokenRequest& request, const Before& before,
                        const Error& error) {
  const auto since = [&](const std::map<std::string, std::uint64_t>& times) {
    const auto found = times.find(actor.profile);
    return found != times.end() && found->second >= actor.begun;
  };
  const bool untouched = before.row && !since(removedAt_) && !since(consentedAt_);
  if (error.code == "integrity_error") return violation("law 1: " + actor.name + " cannot read the row");
  if (actor.disturbed || !untouched) return;
  if (error.code == "not_authenticated") {
    return violation(actor.name + " was told that there is no grant while there was one");
  }
  if (error.code == "refresh_failed" && !mayHaveDied(actor.profile)) {
    return violation(actor.name + " was told that consent is needed while the grant was alive");
  }
  const auto asked = std::max(request.minTtl.value_or(seconds(60)), seconds(1));
  const auto& end = before.row->tokens.accessExpiresAt;
  if (!request.forceRefresh && end && *end - clock_.now() >= asked) {
    violation("law 2: a read of " + actor.name + " failed (" + error.code +
              ") while a token with enough life was there");
  }
}

void Judge::revokedHere(const Scheduler::Actor& actor) {
  revocationEnded_[{actor.replica, actor.profile}] = scheduler_.now();
}

// ---- the end

void Judge::standstill(const std::string& profile) {
  const auto row = *truth_.findGrant("fake", profile);
  const bool certain = !triedAgain_.contains(profile) || provider_.rules.grace;
  if (!row || excused_.contains(profile) || excused_.contains(kEverybody) || !certain) return;
  const auto tokens = opened(*row);
  if (!tokens) return violation("a row cannot be read");
  const FakeProvider::Pair stored{text(tokens->access), text(tokens->refresh)};
  const auto* token = known(stored.access);
  if (row->status == GrantStatus::NeedsConsent) return violation("a living grant is marked dead");
  if (!isNewest(stored)) violation("law 4: the stored pair is not the provider's newest");
  if (!token || token->family != family_[profile]) violation("law 4: the row holds another consent's pair");
}

void Judge::settled(const std::string& profile, const Result<TokenAnswer>& answer) {
  for (const auto& access : dead_) {
    if (provider_.lives(access)) violation("law 8: a removed grant lives on at the provider");
  }
  const auto row = *truth_.findGrant("fake", profile);
  if (!row) {
    if (answer || answer.error().code != "not_authenticated")
      violation("a removed grant is not told as such");
    return;
  }
  const auto tokens = opened(*row);
  if (!tokens) return violation("a row cannot be read");
  const FakeProvider::Pair stored{text(tokens->access), text(tokens->refresh)};
  if (!answer) {
    const bool honest = answer.error().code == "refresh_failed" && row->status == GrantStatus::NeedsConsent;
    if (!honest) violation("the grant neither lives nor says that consent is needed: " + answer.error().code);
    return;
  }
  if (text(answer->accessToken) != stored.access) violation("the token served is not the one stored");
  if (!isNewest(stored)) violation("law 4: in the end the stored pair is not the provider's newest");
  const auto* token = known(stored.access);
  if (!token || token->family != family_[profile])
    violation("law 4: in the end the row holds another's pair");
}

}  // namespace agw::test
