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

Error refused(std::string_view why) {
  return Error{.kind = ErrorKind::BadOption,
               .message = "The address is not usable: " + std::string(why) + "."};
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

/// A name or IPv4 address in the characters that such have, or an IPv6 address in brackets.
bool plainHost(std::string_view host) {
  if (host.starts_with('[')) return host.find_first_not_of("[]0123456789abcdefABCDEF:.") == host.npos;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

/// What libcurl forgives and we do not; empty when there is nothing. `rest`: what follows the scheme.
std::string_view objection(std::string_view text, std::string_view rest, std::string_view host) {
  constexpr std::string_view kMark = "://";
  if (!rest.starts_with(kMark) || rest.starts_with(":///")) return "it has no host";
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#", kMark.size()));
  // "https://known.example@other.example" has misled people and programs.
  if (authority.find('@') != authority.npos) return "it carries user information";
  if (!plainHost(host) || authority.find('%') != authority.npos) return "its host has unusual characters";
  return text.find('#') == text.npos ? "" : "it has a fragment";
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
  if (!host || host->empty() || !port) return refused("it has no host");
  if (const auto why = objection(text, text.substr(scheme->size()), *host); !why.empty()) return refused(why);

  // In small letters it may turn out to be a number: 0Xf7 is an address once it is 0xf7. So it is read again.
  const bool lowered = curl_url_set(url.get(), CURLUPART_HOST, toLower(*host).c_str(), 0) == CURLUE_OK;
  auto whole = part(url, CURLUPART_URL);
  if (!lowered || !whole || curl_url_set(url.get(), CURLUPART_URL, whole->c_str(), 0) != CURLUE_OK) {
    return refused("it is not an absolute URL");
  }
  host = part(url, CURLUPART_HOST);
  whole = part(url, CURLUPART_URL);
  if (!host || !whole) return refused("it is not an absolute URL");
  return Url{.scheme = std::move(*scheme),
             .host = std::move(*host),
             .port = std::stoi(*port),
             .text = std::move(*whole)};
}

}  // namespace agw
