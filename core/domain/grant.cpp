#include "domain/grant.hpp"

#include <algorithm>
#include <cmath>

#include "base/encoding.hpp"

namespace agw {

using std::chrono::seconds;

bool livesFor(const std::optional<TimePoint>& end, TimePoint now, seconds ttl) {
  return !end || *end - now >= ttl;
}

std::optional<TimePoint> refreshDueAt(TimePoint issuedAt, const std::optional<TimePoint>& end,
                                      seconds buffer) {
  if (!end) return std::nullopt;
  return std::max(issuedAt + (*end - issuedAt) / 2, *end - buffer);
}

TimePoint firstLookAt(const SealedTokens& tokens) {
  if (!tokens.accessExpiresAt) return tokens.issuedAt + std::chrono::hours(24);
  return tokens.issuedAt + (*tokens.accessExpiresAt - tokens.issuedAt) / 2;
}

std::optional<TimePoint> keepAliveAt(const SealedTokens& tokens, const RefreshFacts& facts) {
  const bool renewsItself = tokens.refreshToken.empty();
  if (renewsItself && facts.renewBefore == seconds(0)) return std::nullopt;
  auto end = renewsItself ? tokens.accessExpiresAt : tokens.refreshExpiresAt;
  if (facts.idleTtl && !renewsItself)
    end = std::min(end.value_or(TimePoint::max()), tokens.issuedAt + *facts.idleTtl);
  if (!end) return std::nullopt;
  return tokens.issuedAt + (*end - tokens.issuedAt) * 3 / 4;
}

seconds backoff(int failures, double jitter, seconds retryAfter) {
  constexpr int kLongestExponent = 9;
  constexpr double kLongest = 300;
  const double pause = std::min(kLongest, std::pow(2.0, std::clamp(failures, 0, kLongestExponent)));
  const auto spread = static_cast<seconds::rep>(std::ceil(pause / 2 + pause / 2 * jitter));
  return std::max(seconds(spread), retryAfter);
}

std::optional<std::string> canonicalEmail(std::string_view email) {
  constexpr std::size_t kLongest = 254;
  if (email.empty() || email.size() > kLongest) return std::nullopt;
  const auto at = email.find('@');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const auto alnum = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  const auto local = email.substr(0, at);
  const auto domain = email.substr(at + 1);
  const auto among = [&](std::string_view text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return alnum(c) || extra.find(c) != std::string_view::npos; });
  };
  const auto dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const auto top = domain.substr(dot + 1);
  const auto letters = [&](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [&](char c) { return alnum(c) && !(c >= '0' && c <= '9'); });
  };
  if (!among(local, "._%+-") || !among(domain, ".-") || top.size() < 2 || !letters(top)) return std::nullopt;
  return toLower(email);
}

std::string maskedEmail(std::string_view email) {
  const auto at = email.find('@');
  if (at == std::string_view::npos || at == 0) return "***";
  return std::string(wholeLetters(email, 1)) + "***" + std::string(email.substr(at));
}

Scopes missingScopes(const Scopes& asked, const Scopes& granted) {
  Scopes missing;
  for (const auto& scope : asked) {
    if (std::find(granted.begin(), granted.end(), scope) == granted.end()) missing.push_back(scope);
  }
  return missing;
}

}  // namespace agw
