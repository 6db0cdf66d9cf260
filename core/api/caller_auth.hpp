#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "api/http.hpp"
#include "api/limits.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "storage/storage.hpp"

namespace agw::api {

/// Turns the key of a request into a `Caller`. Safe to call from many threads.
///
/// A named key is looked up by its SHA-256 and remembered for half a second, so that a revocation is seen on
/// every replica within a second; only the digest is kept. Missing, unknown, expired and revoked keys get one
/// answer by one path, and a peer that sends many of them is told to wait before the storage is asked. When
/// the storage cannot tell, nobody gets in.
class CallerAuth {
 public:
  CallerAuth(const Secret& rootKey, Storage& storage, const Clock& clock, Log& log, Limits& limits,
             Metrics& metrics);

  /// `Forbidden` (`invalid_api_key`), `InvalidRequest` for two keys, `RateLimited`, `Transient` when the
  /// storage is away.
  [[nodiscard]] Result<Caller> authenticate(const Request& request);

 private:
  struct Known {
    Caller caller;
    std::optional<TimePoint> expiresAt;
    TimePoint readAt;
  };

  /// What became of a digest that was looked for.
  struct Remembered {
    std::optional<Known> fresh;  ///< read a moment ago
    bool before = false;         ///< it was a living key when last read
  };

  Result<Caller> namedCaller(const std::string& digest, const std::string& peer);
  Result<Caller> readCaller(const std::string& digest, TimePoint now);
  [[nodiscard]] Remembered remembered(const std::string& digest, TimePoint now) const;
  Error refused(const std::string& digest = {});
  /// Writes the time of last use, at most once a minute and key.
  void touch(const ApiKeyRecord& key, TimePoint now);

  const std::string rootDigest_;  ///< empty: no root key
  Storage& storage_;
  const Clock& clock_;
  Log& log_;
  Limits& limits_;
  Counter& refusals_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Known> known_;        ///< by digest
  std::unordered_map<std::string, TimePoint> touched_;  ///< by key id
};

}  // namespace agw::api
