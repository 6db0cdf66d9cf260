#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace agw::api {

/// So many a minute for each one, all of which may come at once (a token bucket). Safe to call from many
/// threads.
///
/// Who is counted must not be the sender's choice: a key's id, a peer's network; a field of the body only
/// beside one of these, and after it was found that the sender may name it. Memory is bounded: where too many
/// are counted at once, those whose bucket is full again are forgotten, and when there are none, whoever is
/// new shares one bucket with all that are new.
class RateLimiter {
 public:
  /// `perMinute` 0: no limit. `clock` must outlive it.
  RateLimiter(int perMinute, const Clock& clock);

  /// Counts one of `who`: nothing when it is within the limit, else the time until one more fits.
  [[nodiscard]] std::optional<std::chrono::seconds> take(std::string_view who);

 private:
  struct Bucket {
    double left;
    TimePoint at;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
    TimePoint lookedAt{};  ///< for buckets to forget
  };
  [[nodiscard]] double refilled(const Bucket& bucket, TimePoint now) const;
  Bucket& bucketOf(Shard& shard, std::string_view who, TimePoint now);

  static constexpr std::size_t kShards = 16;
  const double perMinute_;
  const Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace agw::api
