#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.hpp"

struct sockaddr;

namespace agw::api {

/// An IPv4 or IPv6 address; IPv4 is kept as ::ffff:a.b.c.d, so that both spellings are one address.
struct PeerAddress {
  std::array<std::uint8_t, 16> octets{};

  [[nodiscard]] static std::optional<PeerAddress> parse(std::string_view text);
  [[nodiscard]] static PeerAddress of(const sockaddr* address);
  [[nodiscard]] bool isV4() const;
  [[nodiscard]] std::string text() const;
  /// Whom a connection cap counts: the address, or its /64 for IPv6, which one customer usually has.
  [[nodiscard]] std::string group() const;
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

/// The networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Immutable.
class TrustedProxies {
 public:
  /// `InvalidRequest` naming the text that is no CIDR network.
  [[nodiscard]] static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

  [[nodiscard]] bool trusts(const PeerAddress& peer) const;

  /// The client's address: the right-most hop that is not a trusted proxy; `peer` itself where it is not one.
  [[nodiscard]] std::string client(const PeerAddress& peer, const Request& request) const;
  /// Whether a trusted proxy says that the client came by TLS.
  [[nodiscard]] bool clientUsedTls(const PeerAddress& peer, const Request& request) const;

 private:
  struct Network {
    PeerAddress address;
    int prefix = 128;  ///< of the 128-bit form
  };
  std::vector<Network> networks_;
};

}  // namespace agw::api
