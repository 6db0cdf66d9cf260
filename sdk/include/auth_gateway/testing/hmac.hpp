#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth_gateway/encoding.hpp"

namespace auth_gateway::testing {

namespace detail {

inline std::uint32_t rotated(std::uint32_t word, unsigned by) {
  return word >> by | word << (32U - by);
}

/// One block of FIPS 180-4, section 6.2.2.
inline void mixBlock(std::array<std::uint32_t, 8>& state, const unsigned char* block) {
  static constexpr std::uint32_t constants[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  std::uint32_t words[64];
  for (unsigned at = 0; at < 16; ++at) {
    words[at] = 0;
    for (unsigned octet = 0; octet < 4; ++octet) words[at] = words[at] << 8U | block[at * 4 + octet];
  }
  for (unsigned at = 16; at < 64; ++at) {
    const auto early = words[at - 15];
    const auto late = words[at - 2];
    words[at] = words[at - 16] + (rotated(early, 7) ^ rotated(early, 18) ^ early >> 3U) + words[at - 7] +
                (rotated(late, 17) ^ rotated(late, 19) ^ late >> 10U);
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (unsigned at = 0; at < 64; ++at) {
    const auto first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) +
                       constants[at] + words[at];
    const auto second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const std::uint32_t mixed[] = {a, b, c, d, e, f, g, h};
  for (unsigned at = 0; at < 8; ++at) state[at] += mixed[at];
}

inline std::string sha256(std::string_view octets) {
  std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::string padded(octets);
  padded += '\x80';
  padded.append((120 - padded.size() % 64) % 64, '\0');
  const std::uint64_t bits = static_cast<std::uint64_t>(octets.size()) * 8;
  for (unsigned shift = 64; shift > 0; shift -= 8) padded += static_cast<char>(bits >> (shift - 8) & 0xffU);
  for (std::size_t at = 0; at < padded.size(); at += 64) {
    mixBlock(state, reinterpret_cast<const unsigned char*>(padded.data()) + at);
  }
  std::string digest;
  for (const auto word : state) {
    for (unsigned shift = 32; shift > 0; shift -= 8) digest += static_cast<char>(word >> (shift - 8) & 0xffU);
  }
  return digest;
}

}  // namespace detail

/// RFC 2104 with SHA-256, so that fixtures can hold real signatures. For tests alone: it takes no care of
/// keys. 64 lower-case hex digits.
inline std::string hmacSha256(std::string_view key, std::string_view message) {
  std::string block(key.size() > 64 ? detail::sha256(key) : std::string(key));
  block.resize(64, '\0');
  const auto masked = [&block](char mask) {
    std::string text = block;
    for (char& octet : text) octet = static_cast<char>(octet ^ mask);
    return text;
  };
  return hexEncode(detail::sha256(masked('\x5c') + detail::sha256(masked('\x36') + std::string(message))));
}

}  // namespace auth_gateway::testing
