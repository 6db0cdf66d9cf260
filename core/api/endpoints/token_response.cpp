#include "api/endpoints/token_response.hpp"

#include "api/text.hpp"
#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace agw::api {
namespace {

/// Half of a SHA-256 with the key in front: what is cut off cannot be known, so that nobody can go on with
/// the digest where it ends.
std::string tagOf(const Secret& key, std::string_view body) {
  constexpr std::size_t kOctets = 16;
  std::string keyed;
  keyed.reserve(key.size() + body.size());
  keyed.append(key.reveal()).append(body);
  const auto digest = sha256(keyed);
  wipe(keyed);
  return '"' + base64UrlEncode(std::string_view(digest).substr(0, kOctets)) + '"';
}

bool isNotModified(const Request& request, std::string_view tag) {
  for (const auto& [name, value] : request.headers) {
    if (equalsIgnoringCase(name, "If-None-Match") && namesTag(value, tag)) return true;
  }
  return false;
}

}  // namespace

bool namesTag(std::string_view field, std::string_view tag) {
  if (trimmed(field) == "*") return true;
  while (true) {
    const auto start = field.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    field.remove_prefix(start);
    if (field.starts_with("W/")) field.remove_prefix(2);
    const auto end = field.starts_with('"') ? field.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    if (field.substr(0, end + 1) == tag) return true;
    field.remove_prefix(end + 1);
  }
}

Response tokenResponse(const Gateway& gateway, const Request& request, const boost::json::object& body) {
  auto response = jsonResponse(body);
  auto tag = tagOf(gateway.parts.settings.validatorKey, response.body);
  if (isNotModified(request, tag)) {
    response.status = 304;
    wipe(response.body);
  }
  response.headers.emplace_back("ETag", std::move(tag));
  return response;
}

}  // namespace agw::api
