#include "config/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace agw {
namespace {

bool isHostCharacter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
}

/// Host of `host:port` or `[v6]:port`; nothing when the authority is malformed.
std::optional<std::string> hostOf(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  bool hasPort = false;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    host = authority.substr(1, end - 1);
    const auto rest = authority.substr(end + 1);
    hasPort = !rest.empty();
    if (hasPort && rest.front() != ':') return {};
    port = hasPort ? rest.substr(1) : rest;
    std::array<unsigned char, sizeof(in6_addr)> octets{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), octets.data()) != 1) return {};
  } else {
    const auto colon = authority.find(':');
    hasPort = colon != std::string_view::npos;
    host = authority.substr(0, colon);
    if (hasPort) port = authority.substr(colon + 1);
    if (host.empty() || !std::all_of(host.begin(), host.end(), isHostCharacter)) return {};
  }
  if (hasPort && !parsePort(port)) return {};
  return std::string(host);
}

}  // namespace

bool isLoopbackHost(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return false;
  return (ntohl(address.s_addr) >> 24U) == 127U;
}

std::optional<std::string> faultOfPublicUrl(std::string_view url, bool requireHttps) {
  const bool https = url.starts_with("https://");
  if (!https && !url.starts_with("http://")) return "not an absolute address that starts with https://";
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(url.begin(), url.end(), printable)) return "it has a blank or a character outside ASCII";
  if (url.find_first_of("?#\\") != std::string_view::npos) return "it must have no ?, # or backslash";
  const auto rest = url.substr(https ? 8 : 7);
  const auto authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) return "it must not name a user";
  const auto host = hostOf(authority);
  if (!host) return "its host or port is malformed";
  if (requireHttps && !https && !isLoopbackHost(*host)) {
    return "http is allowed for this machine only; use https://";
  }
  return {};
}

std::optional<std::string> canonicalNetwork(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  int longest = 0;
  if (::inet_pton(AF_INET, address.c_str(), octets.data()) == 1) longest = 32;
  if (::inet_pton(AF_INET6, address.c_str(), octets.data()) == 1) longest = 128;
  if (longest == 0) return {};
  int prefix = longest;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (fault != std::errc() || end != digits.data() + digits.size() || prefix < 1 || prefix > longest)
      return {};
  }
  return address + "/" + std::to_string(prefix);
}

std::optional<int> parsePort(std::string_view text) {
  int port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (fault != std::errc() || end != text.data() + text.size() || port < 1 || port > 65'535) return {};
  return port;
}

std::vector<std::string> splitList(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text = text.substr(comma + 1);
  }
}

}  // namespace agw
