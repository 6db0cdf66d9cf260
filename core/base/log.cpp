#include "base/log.hpp"

#include <openssl/sha.h>

#include <array>

#include "base/encoding.hpp"

namespace agw {

std::string loggedEmail(std::string_view email) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(email.data()), email.size(), digest.data());
  constexpr std::size_t kShown = 6;
  return "user:" + hexEncode({reinterpret_cast<const char*>(digest.data()), kShown});
}

}  // namespace agw
