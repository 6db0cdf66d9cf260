// What the network sends: any octets must end as requests or as one refusal, and how they were cut on the way
// must make no difference, or two readers of one connection could be made to see different requests.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/edge/request_reader.hpp"
#include "api/text.hpp"

namespace {

using agw::api::RequestReader;

/// Beyond this the limits of unfinished chunk headers make the verdict depend on the cuts.
constexpr std::size_t kMaxInput = 1'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void note(const agw::api::Request& request, std::string& story) {
  require(request.path.starts_with('/'));
  require(std::none_of(request.path.begin(), request.path.end(), agw::api::isControl));
  require(request.path.find("/../") == std::string::npos && request.path.find("//") == std::string::npos);
  story += request.method + " " + request.path + "\n";
  for (const auto& [name, value] : request.query) story += "?" + name + "=" + value + "\n";
  for (const auto& [name, value] : request.headers) {
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    story += name + ": " + value + "\n";
  }
  story += request.body + "\n--\n";
}

/// The requests that come out before a refusal or the end.
std::string storyOf(std::string_view octets, std::size_t step) {
  RequestReader reader({});
  std::string story;
  while (!octets.empty()) {
    std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto progress = reader.feed(piece);
      if (progress == RequestReader::Progress::Failed) return story;
      if (progress == RequestReader::Progress::NeedMore) continue;
      note(reader.request(), story);
      reader.next();
    }
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kMaxInput) return 0;
  const std::size_t step = data[0] % 16 + 1;
  const std::string octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(storyOf(octets, octets.size()) == storyOf(octets, step));
  return 0;
}
