#pragma once

#include <sys/socket.h>

#include <cstddef>

namespace agw {

/// What kind of network an address belongs to (the IANA special-purpose registries, RFC 6890).
enum class Reach {
  Public,     ///< globally routed
  Private,    ///< loopback, RFC 1918, shared (RFC 6598), benchmarking, unique local: for `allow_private`
              ///< entries
  Forbidden,  ///< unspecified, link-local, multicast, reserved, documentation, cloud metadata: no provider
              ///< lives there
};

/// Judges the address that a socket is about to connect to. An IPv4 address inside an IPv6 one (mapped,
/// NAT64) is judged as itself; tunnels (6to4, Teredo) are forbidden. Anything but IPv4 and IPv6 is forbidden.
[[nodiscard]] Reach reachOf(const sockaddr* address, std::size_t size);

}  // namespace agw
