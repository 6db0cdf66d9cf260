#include "broker/minted_tokens.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>

#include "broker/errors.hpp"
#include "broker/seal.hpp"
#include "broker/token_view.hpp"

namespace agw {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostKept = 10'000;

/// One spelling for one wish: the order of names says nothing.
std::string keyOf(const Provider& provider, const MintWish& wish) {
  auto repositories = wish.request.repositories;
  std::sort(repositories.begin(), repositories.end());
  std::map<std::string, std::string> permissions;
  for (const auto& [name, value] : wish.request.permissions)
    permissions.emplace(name, boost::json::serialize(value));
  std::string key = provider.config().id + "\n" + wish.installation + "\n";
  for (const auto& name : repositories) key += "r " + name + "\n";
  for (const auto& [name, value] : permissions) key += "p " + name + " " + value + "\n";
  return key;
}

}  // namespace

MintedTokens::MintedTokens(Parts parts) : parts_(std::move(parts)) {}

TokenAnswer MintedTokens::answerOf(const Entry& entry) const {
  TokenAnswer answer{
      .accessToken = entry.token, .expiresAt = entry.expiresAt, .refreshAfter = {}, .scopes = entry.scopes};
  if (entry.expiresAt)
    answer.refreshAfter = std::max(entry.issuedAt, *entry.expiresAt - parts_.settings.defaultMinTtl);
  return answer;
}

std::optional<MintedTokens::Minted> MintedTokens::remembered(const std::string& key, const MintWish& wish) {
  const auto now = parts_.clock.now();
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  const bool alive = !entry.token.empty() && livesFor(entry.expiresAt, now, kAlive);
  const bool enough = alive && livesFor(entry.expiresAt, now, std::max(kAlive, wish.minTtl));
  const bool justIssued = entry.issuedAt <= now && now - entry.issuedAt < kJustIssued;
  if (alive && (justIssued || (enough && !wish.force))) return answerOf(entry);
  if (!entry.notBefore || *entry.notBefore <= now) return std::nullopt;
  if (enough) {
    auto answer = answerOf(entry);
    answer.degraded = true;
    return answer;
  }
  Error error = entry.failure;
  error.retryAfter = std::chrono::ceil<seconds>(*entry.notBefore - now);
  return error;
}

Result<TokenAnswer> MintedTokens::token(Provider& provider, const MintWish& wish) {
  const auto key = keyOf(provider, wish);
  if (auto known = remembered(key, wish)) return std::move(*known);
  auto seat = flights_.enter(key, overloaded());
  if (!seat.leads()) {
    auto landed = seat.wait(parts_.settings.waitForRefresh);
    return landed ? std::move(*landed) : Minted(overloaded());
  }
  auto known = remembered(key, wish);  // perhaps of a flight that landed just now
  Minted minted = known ? std::move(*known) : mint(provider, key, wish);
  seat.land(minted);
  return minted;
}

MintedTokens::Minted MintedTokens::mint(Provider& provider, const std::string& key, const MintWish& wish) {
  Receipt receipt{.sent = parts_.clock.now(), .received = {}};
  auto answer = provider.mintInstallationToken(wish.request);
  receipt.received = parts_.clock.now();
  if (!answer) return failed(key, wish, provider, answer.error());
  if (answer->accessToken.empty()) {
    const Error nothing{.kind = ErrorKind::Malformed, .message = "No access token in the answer."};
    return failed(key, wish, provider, nothing);
  }
  const auto tokens = tokensFrom(*answer, receipt, {}, provider.accessTtlDefault());
  Entry entry{.token = tokens.access,
              .scopes = tokens.scopes,
              .issuedAt = tokens.issuedAt,
              .expiresAt = tokens.accessExpiresAt,
              .notBefore = {},
              .failure = {}};
  if (!livesFor(entry.expiresAt, receipt.received, kAlive)) return overloaded();
  if (wish.stillWanted) {
    const auto wanted = wish.stillWanted();
    if (!wanted) return wanted.error();
    if (!*wanted) return Error{.kind = ErrorKind::Conflict, .message = "The installation changed meanwhile."};
  }
  auto told = answerOf(entry);
  const std::lock_guard lock(mutex_);
  makeRoom(receipt.received);
  entries_.insert_or_assign(key, std::move(entry));
  return told;
}

MintedTokens::Minted MintedTokens::failed(const std::string& key, const MintWish& wish,
                                          const Provider& provider, const Error& error) {
  // These say something about the installation or the wish, not about the provider's health.
  if (error.kind == ErrorKind::GrantDead || error.kind == ErrorKind::Denied ||
      error.kind == ErrorKind::Unsupported || error.kind == ErrorKind::BadOption)
    return error;
  auto told = providerFailure(error, provider.displayName());
  const auto now = parts_.clock.now();
  {
    const std::lock_guard lock(mutex_);
    makeRoom(now);
    Entry& entry = entries_[key];
    ++entry.failures;
    entry.notBefore = now + backoff(entry.failures, jitter(parts_.random), error.retryAfter);
    told.retryAfter = std::chrono::ceil<seconds>(*entry.notBefore - now);
    entry.failure = told;
  }
  const bool operators = told.kind == ErrorKind::BadClient;
  parts_.log.write(operators ? LogLevel::Error : LogLevel::Warning, "mint_failed",
                   {{"provider", provider.config().id},
                    {"kind", toString(error.kind)},
                    {"detail", told.detail},
                    {"request", wish.requestId}});
  if (auto known = remembered(key, wish)) return std::move(*known);
  return told;
}

// Called with the lock held.
void MintedTokens::makeRoom(TimePoint now) {
  if (entries_.size() < kMostKept) return;
  std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = item.second;
    return !livesFor(entry.expiresAt, now, kAlive) || entry.token.empty();
  });
  while (entries_.size() >= kMostKept) entries_.erase(entries_.begin());
}

}  // namespace agw
