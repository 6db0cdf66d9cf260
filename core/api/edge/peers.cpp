#include "api/edge/peers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "api/text.hpp"

namespace agw::api {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

PeerAddress mapped(const in_addr& address) {
  PeerAddress peer;
  std::copy(kMapped.begin(), kMapped.end(), peer.octets.begin());
  std::memcpy(peer.octets.data() + kMapped.size(), &address, 4);
  return peer;
}

/// `[2001:db8::1]:443`, `192.0.2.1:443` or the bare address.
std::string_view withoutPort(std::string_view hop) {
  if (hop.starts_with('[')) return hop.substr(1, std::min(hop.find(']'), hop.size()) - 1);
  const bool port = std::count(hop.begin(), hop.end(), ':') == 1;
  return port ? hop.substr(0, hop.find(':')) : hop;
}

/// All hops of all X-Forwarded-For headers, the nearest last.
std::vector<std::string_view> forwardedFor(const Request& request) {
  std::vector<std::string_view> hops;
  for (const auto& [name, value] : request.headers) {
    if (!equalsIgnoringCase(name, "X-Forwarded-For")) continue;
    std::string_view rest = value;
    while (true) {
      const auto comma = rest.find(',');
      hops.push_back(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return hops;
}

bool sharesPrefix(const PeerAddress& left, const PeerAddress& right, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(left.octets.begin(), left.octets.begin() + static_cast<std::ptrdiff_t>(whole),
                  right.octets.begin())) {
    return false;
  }
  const int rest = bits % 8;
  return rest == 0 || ((left.octets[whole] ^ right.octets[whole]) >> (8 - rest)) == 0;
}

}  // namespace

std::optional<PeerAddress> PeerAddress::parse(std::string_view text) {
  const std::string copy(text);
  in_addr v4{};
  if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return mapped(v4);
  PeerAddress peer;
  if (inet_pton(AF_INET6, copy.c_str(), peer.octets.data()) == 1) return peer;
  return std::nullopt;
}

PeerAddress PeerAddress::of(const sockaddr* address) {
  PeerAddress peer;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return mapped(v4.sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::memcpy(peer.octets.data(), &v6.sin6_addr, peer.octets.size());
  }
  return peer;
}

bool PeerAddress::isV4() const {
  return std::equal(kMapped.begin(), kMapped.end(), octets.begin());
}

std::string PeerAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const bool v4 = isV4();
  inet_ntop(v4 ? AF_INET : AF_INET6, octets.data() + (v4 ? kMapped.size() : 0), buffer.data(), buffer.size());
  return buffer.data();
}

std::string PeerAddress::group() const {
  return {octets.begin(), octets.begin() + (isV4() ? 16 : 8)};
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies proxies;
  for (const auto& text : networks) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto address = PeerAddress::parse(text.substr(0, slash));
    const int width = address && address->isV4() && text.find(':') == std::string::npos ? 32 : 128;
    int prefix = width;
    bool valid = address.has_value();
    if (valid && slash < text.size()) {
      const char* end = text.data() + text.size();
      const auto read = std::from_chars(text.data() + slash + 1, end, prefix);
      valid = read.ec == std::errc() && read.ptr == end && prefix >= 0 && prefix <= width;
    }
    if (!valid) {
      return Error{.kind = ErrorKind::InvalidRequest,
                   .message = "'" + text + "' is not a network; write it like 10.0.0.0/8 or fd00::/8."};
    }
    proxies.networks_.push_back({*address, prefix + 128 - width});
  }
  return proxies;
}

bool TrustedProxies::trusts(const PeerAddress& peer) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return sharesPrefix(network.address, peer, network.prefix);
  });
}

std::string TrustedProxies::client(const PeerAddress& peer, const Request& request) const {
  PeerAddress client = peer;
  if (networks_.empty() || !trusts(peer)) return client.text();
  const auto hops = forwardedFor(request);
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusts(client); ++hop) {
    const auto address = PeerAddress::parse(withoutPort(*hop));
    if (!address) break;
    client = *address;
  }
  return client.text();
}

bool TrustedProxies::clientUsedTls(const PeerAddress& peer, const Request& request) const {
  if (networks_.empty() || !trusts(peer)) return false;
  const auto proto = request.header("X-Forwarded-Proto");
  return proto && equalsIgnoringCase(*proto, "https");
}

}  // namespace agw::api
