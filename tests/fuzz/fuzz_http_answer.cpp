// The octets of a provider's answer, in pieces as libcurl would cut them: lines until an empty one, then the
// body.
#include "check.hpp"
#include "net/answer_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agw;
  constexpr std::size_t kMostHeaders = 2000;
  constexpr std::size_t kMostBody = 500;
  AnswerReader reader(kMostHeaders, kMostBody);
  std::string_view text = asText(data, size);
  bool going = true;
  bool body = false;
  while (going && !text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == text.npos ? end : end + 1);
    text.remove_prefix(line.size());
    going = body ? reader.body(line) : reader.header(line);
    body = body || line == "\r\n";
  }
  FUZZ_CHECK(going == reader.fault().empty());
  if (!going) return 0;
  const auto response = reader.take(200);
  FUZZ_CHECK(response.body.size() <= kMostBody);
  std::size_t octets = 0;
  for (const auto& [name, value] : response.headers) {
    FUZZ_CHECK(!name.empty() && name.find_first_of(" \t\r\n:") == name.npos);
    FUZZ_CHECK(value.find_first_of("\r\n") == value.npos);
    octets += name.size() + value.size();
  }
  FUZZ_CHECK(octets <= kMostHeaders);
  return 0;
}
