#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace agw {

/// Published key sets (RFC 7517), fetched when first asked for and kept as long as the publisher says,
/// between five minutes and a day; at most 32 sets. An address that just failed is left alone for five
/// seconds: strangers may send tokens. Nothing is locked during a fetch. Safe to call from many threads.
class JwksCache {
 public:
  JwksCache(HttpClient& http, const Clock& clock) : http_(http), clock_(clock) {}

  using KeySet = std::shared_ptr<const std::string>;
  /// `Transient` when the set cannot be had now, `BadOption` when its address is not allowed.
  [[nodiscard]] Result<KeySet> get(const std::string& url, bool allowPrivate);
  /// For a key that the set lacks: fetched anew, unless that was done within the last minute; then the set as
  /// it is.
  [[nodiscard]] Result<KeySet> renew(const std::string& url, bool allowPrivate);

 private:
  struct Entry {
    KeySet keys;
    TimePoint fetchedAt;
    TimePoint freshUntil;
  };
  struct Failure {
    Error error;
    TimePoint until;  ///< nothing is asked before
  };
  Result<KeySet> fetch(const std::string& url, bool allowPrivate);
  Result<KeySet> download(const std::string& url, bool allowPrivate);
  void keep(const std::string& url, Entry entry);

  HttpClient& http_;
  const Clock& clock_;
  std::mutex mutex_;
  // Both by address; the addresses are those of provider entries.
  std::map<std::string, Entry> entries_;
  std::map<std::string, Failure> failures_;
};

}  // namespace agw
