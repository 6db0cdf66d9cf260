#include "broker/jwks_cache.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <utility>

#include "base/encoding.hpp"

namespace agw {
namespace {

using std::chrono::seconds;

constexpr seconds kShortest{5 * 60};
constexpr seconds kUsual{3600};
constexpr seconds kLongest{24 * 3600};
constexpr seconds kBetweenRenewals{60};
constexpr seconds kAfterFailure{5};
constexpr std::size_t kMostSets = 32;

// max-age of RFC 9111 section 5.2.2.1; other directives only shorten what we keep anyway.
seconds lifeOf(const HttpResponse& response) {
  const auto header = response.header("Cache-Control");
  if (!header) return kUsual;
  const std::string directives = toLower(*header);
  if (directives.find("no-store") != std::string::npos || directives.find("no-cache") != std::string::npos) {
    return kShortest;
  }
  constexpr std::string_view kName = "max-age=";
  const auto at = directives.find(kName);
  if (at == std::string::npos) return kUsual;
  long long age = 0;
  const char* first = directives.data() + at + kName.size();
  const auto parsed = std::from_chars(first, directives.data() + directives.size(), age);
  if (parsed.ec == std::errc::result_out_of_range) return kLongest;
  return parsed.ec == std::errc() ? std::clamp(seconds(age), kShortest, kLongest) : kUsual;
}

/// RFC 7517 section 5. A page that somebody serves in its place must not take the place of good keys.
bool isKeySet(std::string_view body) {
  boost::system::error_code fault;
  const auto value = boost::json::parse(body, fault);
  const auto* object = fault ? nullptr : value.if_object();
  const auto* keys = object ? object->if_contains("keys") : nullptr;
  return keys && keys->is_array();
}

}  // namespace

Result<JwksCache::KeySet> JwksCache::get(const std::string& url, bool allowPrivate) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(url);
    if (found != entries_.end() && clock_.now() < found->second.freshUntil) return found->second.keys;
  }
  return fetch(url, allowPrivate);
}

Result<JwksCache::KeySet> JwksCache::renew(const std::string& url, bool allowPrivate) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(url);
    if (found != entries_.end() && clock_.now() < found->second.fetchedAt + kBetweenRenewals)
      return found->second.keys;
  }
  return fetch(url, allowPrivate);
}

Result<JwksCache::KeySet> JwksCache::fetch(const std::string& url, bool allowPrivate) {
  {
    const std::lock_guard lock(mutex_);
    const auto failed = failures_.find(url);
    if (failed != failures_.end() && clock_.now() < failed->second.until) return failed->second.error;
  }
  auto keys = download(url, allowPrivate);
  const std::lock_guard lock(mutex_);
  failures_.erase(url);
  if (!keys && keys.error().kind == ErrorKind::Transient)
    failures_.insert_or_assign(url, Failure{keys.error(), clock_.now() + kAfterFailure});
  return keys;
}

Result<JwksCache::KeySet> JwksCache::download(const std::string& url, bool allowPrivate) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  request.allowPrivate = allowPrivate;
  const auto response = http_.send(request);
  if (!response) return response.error();
  constexpr int kOk = 200;
  if (response->status != kOk) {
    return Error{.kind = ErrorKind::Transient,
                 .message = "The provider's keys cannot be fetched now.",
                 .detail = "status " + std::to_string(response->status)};
  }
  if (!isKeySet(response->body.reveal())) {
    return Error{.kind = ErrorKind::Transient,
                 .message = "The provider's keys cannot be fetched now.",
                 .detail = "not a key set"};
  }
  const auto now = clock_.now();
  Entry entry{.keys = std::make_shared<const std::string>(response->body.reveal()),
              .fetchedAt = now,
              .freshUntil = now + lifeOf(*response)};
  keep(url, entry);
  return entry.keys;
}

void JwksCache::keep(const std::string& url, Entry entry) {
  const std::lock_guard lock(mutex_);
  entries_[url] = std::move(entry);
  if (entries_.size() <= kMostSets) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& left, const auto& right) {
    return left.second.fetchedAt < right.second.fetchedAt;
  }));
}

}  // namespace agw
