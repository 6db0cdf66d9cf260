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

CallerAuth::CallerAuth(const Secret& rootKey, Storage& storage, const Clock& clock, Log& log)
    : rootDigest_(rootKey.empty() ? std::string() : sha256Hex(rootKey.reveal())),
      storage_(storage),
      clock_(clock),
      log_(log) {}

Result<Caller> CallerAuth::authenticate(const Request& request) {
  const auto key = keyOf(request);
  if (!key) return key.error();
  if (key->empty()) return invalidKey();
  // Digests are compared, so that time tells nothing about the key.
  const std::string digest = sha256Hex(*key);
  if (equalInConstantTime(digest, rootDigest_)) return Caller{"root", "root", Permissions::all()};
  return namedCaller(digest);
}

std::optional<CallerAuth::Known> CallerAuth::remembered(const std::string& digest, TimePoint now) const {
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(digest);
  if (found == known_.end() || now < found->second.readAt || now - found->second.readAt > kRemembered) {
    return std::nullopt;
  }
  return found->second;
}

Result<Caller> CallerAuth::namedCaller(const std::string& digest) {
  const auto now = clock_.now();
  const auto living = [&](const std::optional<TimePoint>& expiresAt) {
    return !expiresAt || now < *expiresAt;
  };
  if (auto known = remembered(digest, now)) {
    if (!living(known->expiresAt)) return invalidKey();
    return std::move(known->caller);
  }
  auto record = storage_.findApiKey(digest);
  if (!record) {
    log_.write(LogLevel::Warning, "key_store_unreachable", {{"reason", record.error().message}});
    return Error{.kind = ErrorKind::Transient,
                 .message = "API keys cannot be checked at the moment. Try again shortly.",
                 .code = "unavailable",
                 .retryAfter = 1s};
  }
  if (!*record || (*record)->revokedAt || !living((*record)->expiresAt)) return invalidKey();
  const ApiKeyRecord& key = **record;
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
