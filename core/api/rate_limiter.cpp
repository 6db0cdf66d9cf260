#include "api/rate_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace agw::api {
namespace {

constexpr std::size_t kMaxInShard = 4'096;
constexpr std::chrono::seconds kLookPause{1};
constexpr double kMinute = 60'000;  // milliseconds

}  // namespace

RateLimiter::RateLimiter(int perMinute, const Clock& clock) : perMinute_(perMinute), clock_(clock) {}

double RateLimiter::refilled(const Bucket& bucket, TimePoint now) const {
  // A clock that was set back refills nothing.
  const auto passed = std::max<double>(0, static_cast<double>((now - bucket.at).count()));
  return std::min(perMinute_, bucket.left + passed * perMinute_ / kMinute);
}

RateLimiter::Bucket& RateLimiter::bucketOf(Shard& shard, std::string_view who, TimePoint now) {
  auto& buckets = shard.buckets;
  const std::string name(who);
  if (const auto known = buckets.find(name); known != buckets.end()) return known->second;
  const Bucket full{perMinute_, now};
  // A flood of new names must not make each of them pay for a look at all the others.
  if (buckets.size() >= kMaxInShard && (now >= shard.lookedAt + kLookPause || now < shard.lookedAt)) {
    shard.lookedAt = now;
    std::erase_if(buckets, [&](const auto& entry) { return refilled(entry.second, now) >= perMinute_; });
  }
  if (buckets.size() >= kMaxInShard) return buckets.try_emplace(std::string(), full).first->second;
  return buckets.emplace(name, full).first->second;
}

std::optional<std::chrono::seconds> RateLimiter::take(std::string_view who) {
  if (perMinute_ <= 0) return std::nullopt;
  const auto now = clock_.now();
  Shard& shard = shards_[std::hash<std::string_view>()(who) % kShards];
  const std::lock_guard lock(shard.mutex);
  Bucket& bucket = bucketOf(shard, who, now);
  bucket.left = refilled(bucket, now);
  bucket.at = now;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::nullopt;
  }
  const double wait = (1 - bucket.left) * kMinute / perMinute_ / 1'000;
  return std::chrono::seconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait))));
}

}  // namespace agw::api
