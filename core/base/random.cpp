#include "base/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <climits>

#include "base/encoding.hpp"

namespace agw {

Result<std::string> SystemRandom::bytes(std::size_t count) {
  std::string octets(count, '\0');
  if (count > INT_MAX ||
      RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(count)) != 1) {
    return Error{.kind = ErrorKind::Bug, .message = "The system gives no random numbers."};
  }
  return octets;
}

double jitter(Random& random) {
  constexpr double kSteps = 256;
  const auto octets = random.bytes(1);
  return octets ? static_cast<double>(static_cast<unsigned char>(octets->front())) / kSteps : 0.5;
}

Result<std::string> newUuid(Random& random) {
  auto octets = random.bytes(16);
  if (!octets) return octets;
  auto octet = [&](std::size_t at) { return static_cast<unsigned char>((*octets)[at]); };
  (*octets)[6] = static_cast<char>((octet(6) & 0x0FU) | 0x40U);
  (*octets)[8] = static_cast<char>((octet(8) & 0x3FU) | 0x80U);
  std::string text = hexEncode(*octets);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

Result<std::string> newToken(Random& random) {
  auto octets = random.bytes(32);
  if (!octets) return octets;
  return base64UrlEncode(*octets);
}

}  // namespace agw
