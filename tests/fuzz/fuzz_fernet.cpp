// Any text may stand in a row: opening it never crashes, and a text that opens is the only spelling of its
// token.
#include "base/encoding.hpp"
#include "check.hpp"
#include "crypto/fernet.hpp"
#include "crypto/hash.hpp"

namespace {

using namespace agw;

const FernetKey& key() {
  static const FernetKey key = *FernetKey::fromText("dGhlIGtleSBvZiB0aGUgZnV6emVyLCAzMiBvY3RldHM=");
  return key;
}

/// The token whose octets before the signature are `body`, rightly signed: so the fuzzer gets past the
/// signature.
std::string sign(std::string_view body) {
  const std::string octets = *base64UrlDecode(key().text().reveal(), Padding::Required);
  return base64UrlEncode(std::string(body) + hmacSha256(octets.substr(0, 16), body), Padding::Required);
}

void checkToken(std::string_view token) {
  static const Fernet fernet(key());
  const auto opened = fernet.decrypt(token);
  if (!opened) {
    FUZZ_CHECK(opened.error().kind == ErrorKind::Integrity);
    return;
  }
  const auto octets = base64UrlDecode(token, Padding::Required);
  FUZZ_CHECK(octets && base64UrlEncode(*octets, Padding::Required) == token);
  std::uint64_t seconds = 0;
  for (const char octet : octets->substr(1, 8)) seconds = seconds << 8U | static_cast<unsigned char>(octet);
  const auto again = fernet.encryptWithIv(opened->reveal(), static_cast<std::int64_t>(seconds),
                                          std::string_view(*octets).substr(9, 16));
  FUZZ_CHECK(again == token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = asText(data, size);
  checkToken(text);
  checkToken(sign(text));
  return 0;
}
