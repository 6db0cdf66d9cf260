// Token and key set both come from outside. Input: the token, a line end, the key set.
#include "check.hpp"
#include "crypto/jose.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agw;
  const std::string_view text = asText(data, size);
  const auto end = text.find('\n');
  if (end == text.npos) return 0;
  const IdTokenExpectation expected{.issuers = {"https://id.example"}, .audience = "our-client", .nonce = ""};
  const auto claims =
      verifyIdToken(text.substr(0, end), text.substr(end + 1), expected, fromMillis(1'767'225'600'000));
  if (claims) {
    FUZZ_CHECK(claims->at("iss") == "https://id.example");
  } else {
    FUZZ_CHECK(claims.error().kind == ErrorKind::Malformed || claims.error().kind == ErrorKind::NotFound);
  }
  return 0;
}
