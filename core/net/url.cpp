#include "net/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/encoding.hpp"

namespace agw {
namespace {

constexpr std::size_t kMostUrl = 16U << 10;

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Error refused(std::string why) {
  return Error{.kind = ErrorKind::BadOption, .message = "The address is not usable: " + std::move(why) + "."};
}

std::optional<std::string> part(const Handle& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  return std::string(text);
}

bool printableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<Url> parseUrl(std::string_view text) {
  if (text.empty() || text.size() > kMostUrl) return refused("it is empty or too long");
  if (!printableAscii(text)) return refused("it has white space, control or non-ASCII characters");
  const Handle url(curl_url(), curl_url_cleanup);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
    return refused("it is not an absolute URL");
  }
  auto scheme = part(url, CURLUPART_SCHEME);
  auto host = part(url, CURLUPART_HOST);
  const auto port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || (*scheme != "https" && *scheme != "http")) return refused("only https is possible");
  // libcurl forgives "https:///name" and "https:/name".
  const std::string_view rest = text.substr(scheme->size());
  if (!host || host->empty() || !port || !rest.starts_with("://") || rest.starts_with(":///")) {
    return refused("it has no host");
  }
  // "https://known.example@other.example" has misled people and programs.
  if (text.substr(0, text.find_first_of("/?#", scheme->size() + 3)).find('@') != text.npos) {
    return refused("it carries user information");
  }
  if (text.find('#') != text.npos) return refused("it has a fragment");
  if (part(url, CURLUPART_ZONEID)) return refused("it names a zone of this machine");

  *host = toLower(*host);
  auto whole = part(url, CURLUPART_URL);
  if (curl_url_set(url.get(), CURLUPART_HOST, host->c_str(), 0) == CURLUE_OK)
    whole = part(url, CURLUPART_URL);
  if (!whole) return refused("it is not an absolute URL");
  return Url{.scheme = std::move(*scheme),
             .host = std::move(*host),
             .port = std::stoi(*port),
             .text = std::move(*whole)};
}

}  // namespace agw
