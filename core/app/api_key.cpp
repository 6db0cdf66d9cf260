#include "app/api_key.hpp"

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr std::string_view kMark = "agw_";
constexpr std::size_t kRandomLength = 43;
constexpr std::size_t kChecksumLength = 6;
constexpr std::size_t kShownRandom = 8;

std::string checksumOf(std::string_view marked) {
  return base64UrlEncode(sha256(marked)).substr(0, kChecksumLength);
}

}  // namespace

Result<Secret> makeApiKey(Random& random) {
  auto token = newToken(random);
  if (!token) return std::move(token).error();
  std::string key = std::string(kMark) + *token;
  wipe(*token);
  key += checksumOf(key);
  return Secret(std::move(key));
}

bool looksLikeApiKey(std::string_view text) {
  constexpr std::size_t kBody = kMark.size() + kRandomLength;
  return text.size() == kBody + kChecksumLength && text.starts_with(kMark) &&
         checksumOf(text.substr(0, kBody)) == text.substr(kBody);
}

std::string apiKeyPrefix(const Secret& key) {
  return std::string(key.reveal().substr(0, kMark.size() + kShownRandom));
}

}  // namespace agw
