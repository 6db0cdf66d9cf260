// An address that is accepted is in its final spelling: parsing it again changes nothing.
#include <algorithm>

#include "check.hpp"
#include "net/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agw;
  const auto url = parseUrl(asText(data, size));
  if (!url) {
    FUZZ_CHECK(url.error().kind == ErrorKind::BadOption);
    return 0;
  }
  FUZZ_CHECK(url->scheme == "https" || url->scheme == "http");
  FUZZ_CHECK(!url->host.empty() && url->port >= 0 && url->port <= 65535);
  FUZZ_CHECK(url->text.starts_with(url->scheme + "://" + url->host));
  FUZZ_CHECK(std::all_of(url->text.begin(), url->text.end(), [](char c) { return c > ' ' && c < '\x7f'; }));
  const auto again = parseUrl(url->text);
  FUZZ_CHECK(again && again->text == url->text && again->host == url->host && again->port == url->port);
  return 0;
}
