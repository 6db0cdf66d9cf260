#include "net/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace agw {
namespace {

struct Block4 {
  std::uint32_t network;
  int bits;
  Reach reach;
};

constexpr std::uint32_t ip(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24U | b << 16U | c << 8U | d;
}

// The first block that fits decides, so single addresses stand before the networks around them.
constexpr std::array kBlocks4 = {
    Block4{ip(100, 100, 100, 200), 32,
           Reach::Forbidden},                            // a cloud's metadata service inside the shared space
    Block4{ip(168, 63, 129, 16), 32, Reach::Forbidden},  // a cloud's host service at a public address
    Block4{ip(0, 0, 0, 0), 8, Reach::Forbidden},         // "this network"; connects to this machine
    Block4{ip(10, 0, 0, 0), 8, Reach::Private},
    Block4{ip(100, 64, 0, 0), 10, Reach::Private},  // carrier-grade NAT
    Block4{ip(127, 0, 0, 0), 8, Reach::Private},
    Block4{ip(169, 254, 0, 0), 16, Reach::Forbidden},  // link-local, where most metadata services answer
    Block4{ip(172, 16, 0, 0), 12, Reach::Private},
    Block4{ip(192, 0, 0, 0), 24, Reach::Forbidden},    // protocol assignments
    Block4{ip(192, 0, 2, 0), 24, Reach::Forbidden},    // documentation
    Block4{ip(192, 88, 99, 0), 24, Reach::Forbidden},  // 6to4 relays, withdrawn
    Block4{ip(192, 168, 0, 0), 16, Reach::Private},
    Block4{ip(198, 18, 0, 0), 15, Reach::Private},      // benchmarking
    Block4{ip(198, 51, 100, 0), 24, Reach::Forbidden},  // documentation
    Block4{ip(203, 0, 113, 0), 24, Reach::Forbidden},   // documentation
    Block4{ip(224, 0, 0, 0), 3, Reach::Forbidden},      // multicast, reserved, broadcast
};

Reach reachOf4(std::uint32_t address) {
  for (const auto& block : kBlocks4) {
    if ((address ^ block.network) >> static_cast<unsigned>(32 - block.bits) == 0) return block.reach;
  }
  return Reach::Public;
}

using Octets6 = std::array<std::uint8_t, 16>;

struct Block6 {
  Octets6 network;
  std::size_t bits;
  Reach reach;
};

constexpr std::array kBlocks6 = {
    Block6{{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
           128,
           Reach::Forbidden},  // metadata
    Block6{{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
           128,
           Reach::Forbidden},                                                       // metadata
    Block6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, Reach::Private},  // loopback
    Block6{{0xfc}, 7, Reach::Private},                                              // unique local
    Block6{{0x20, 0x01, 0x00}, 23, Reach::Forbidden},        // protocol assignments, Teredo among them
    Block6{{0x20, 0x01, 0x0d, 0xb8}, 32, Reach::Forbidden},  // documentation
    Block6{{0x20, 0x02}, 16, Reach::Forbidden},              // 6to4
    Block6{{0x3f, 0xff}, 20, Reach::Forbidden},              // documentation
    Block6{{0x20}, 3, Reach::Public},                        // global unicast: all that is routed
};

bool inBlock(const Octets6& address, const Octets6& network, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(network.begin(), network.begin() + static_cast<std::ptrdiff_t>(whole), address.begin()))
    return false;
  const std::size_t rest = bits % 8;
  return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

constexpr Octets6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr Octets6 kNat64 = {0x00, 0x64, 0xff, 0x9b};
constexpr std::size_t kEmbeddedAt = 12;  // both carry the IPv4 address in their last 32 bits

Reach reachOf6(const Octets6& address) {
  if (inBlock(address, kMapped, 96) || inBlock(address, kNat64, 96)) {
    std::uint32_t embedded = 0;
    for (std::size_t at = kEmbeddedAt; at < address.size(); ++at) embedded = embedded << 8U | address[at];
    return reachOf4(embedded);
  }
  for (const auto& block : kBlocks6) {
    if (inBlock(address, block.network, block.bits)) return block.reach;
  }
  return Reach::Forbidden;
}

}  // namespace

Reach reachOf(const sockaddr* address, std::size_t size) {
  // Copied, because the octets given need not be aligned as the structures are.
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return reachOf4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    Octets6 octets{};
    std::memcpy(octets.data(), &six.sin6_addr, octets.size());
    return reachOf6(octets);
  }
  return Reach::Forbidden;
}

}  // namespace agw
