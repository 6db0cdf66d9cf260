#include "api/caller_auth.hpp"

#include "api/text.hpp"
#include "crypto/hash.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kRemembered = 500ms;
constexpr auto kTouchEvery = 60s;
constexpr std::size_t kMaxRemembered = 4'096;
constexpr std::size_t kMaxKeyLength = 512;

Error invalidKey() {
  return Error{.kind = ErrorKind::Forbidden,
               .message = "The API key is missing or not valid. Send a living key in the header X-API-Key.",
               .code = "invalid_api_key"};
}

/// The key as sent; empty: none.
Result<std::string_view> keyOf(const Request& request) {
  const auto header = request.header("X-API-Key");
  const auto authorization = request.header("Authorization");
  if (header && authorization) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "Send the API key once: in X-API-Key or in Authorization, not in both.",
                 .facts = {{"field", {"X-API-Key"}}}};
  }
  std::string_view key = header.value_or("");
  constexpr std::string_view scheme = "Bearer ";
  if (authorization && startsIgnoringCase(*authorization, scheme)) {
    key = trimmed(authorization->substr(scheme.size()));
  }
  return key.size() > kMaxKeyLength ? std::string_view() : key;
}

}  // namespace

CallerAuth::CallerAuth(const Secret& rootKey, Storage& storage, const Clock& clock, Log& log, Limits& limits,
                       Metrics& metrics)
    : rootDigest_(rootKey.empty() ? std::string() : sha256Hex(rootKey.reveal())),
      storage_(storage),
      clock_(clock),
      log_(log),
      limits_(limits),
      refusals_(metrics.counter("auth_gateway_api_key_refusals_total",
                                "Requests whose API key was missing, unknown, expired or revoked.")) {}

Result<Caller> CallerAuth::authenticate(const Request& request) {
  const auto key = keyOf(request);
  if (!key) return key.error();
  if (key->empty()) {
    if (auto within = limits_.stranger(request.peer); !within) return std::move(within).error();
    return refused();
  }
  // Digests are compared, so that time tells nothing about the key.
  const std::string digest = sha256Hex(*key);
  if (equalInConstantTime(digest, rootDigest_)) return Caller{"root", "root", Permissions::all()};
  return namedCaller(digest, request.peer);
}

CallerAuth::Remembered CallerAuth::remembered(const std::string& digest, TimePoint now) const {
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(digest);
  if (found == known_.end()) return {};
  const bool fresh = found->second.readAt <= now && now - found->second.readAt <= kRemembered;
  return {.fresh = fresh ? std::optional(found->second) : std::nullopt, .before = true};
}

Error CallerAuth::refused(const std::string& digest) {
  refusals_.increment();
  if (!digest.empty()) {
    const std::unique_lock lock(mutex_);
    known_.erase(digest);
  }
  return invalidKey();
}

Result<Caller> CallerAuth::namedCaller(const std::string& digest, const std::string& peer) {
  const auto now = clock_.now();
  auto known = remembered(digest, now);
  if (known.fresh) {
    if (known.fresh->expiresAt && *known.fresh->expiresAt <= now) return refused(digest);
    return std::move(known.fresh->caller);
  }
  // Whoever tries keys must not make the storage work; a key that was good before is no try.
  if (!known.before) {
    if (auto within = limits_.stranger(peer); !within) return std::move(within).error();
  }
  return readCaller(digest, now);
}

Result<Caller> CallerAuth::readCaller(const std::string& digest, TimePoint now) {
  auto record = storage_.findApiKey(digest);
  if (!record) {
    log_.write(LogLevel::Warning, "key_store_unreachable", {{"reason", record.error().message}});
    return Error{.kind = ErrorKind::Transient,
                 .message = "API keys cannot be checked at the moment. Try again shortly.",
                 .code = "unavailable",
                 .retryAfter = 1s};
  }
  const auto& stored = *record;
  if (!stored || stored->revokedAt || (stored->expiresAt && *stored->expiresAt <= now))
    return refused(digest);
  const ApiKeyRecord& key = *stored;
  Caller caller{key.id, key.name, key.permissions};
  {
    const std::unique_lock lock(mutex_);
    if (known_.size() >= kMaxRemembered) known_.clear();
    known_[digest] = Known{caller, key.expiresAt, now};
  }
  touch(key, now);
  return caller;
}

void CallerAuth::touch(const ApiKeyRecord& key, TimePoint now) {
  if (key.lastUsedAt && now - *key.lastUsedAt < kTouchEvery) return;
  {
    // A storage that takes no writes is not asked again and again.
    const std::unique_lock lock(mutex_);
    auto& tried = touched_[key.id];
    if (now - tried < kTouchEvery) return;
    tried = now;
  }
  const auto written = storage_.touchApiKey(key.id, now);
  if (!written) log_.write(LogLevel::Debug, "key_use_not_recorded", {{"key_id", key.id}});
}

}  // namespace agw::api
