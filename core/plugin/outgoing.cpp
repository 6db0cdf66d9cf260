#include "plugin/outgoing.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"

namespace agw {
namespace {

/// RFC 9110 section 5.6.2.
bool isToken(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || marks.find(character) != std::string_view::npos;
  });
}

bool belongsToConnection(std::string_view lowerName) {
  constexpr std::string_view names[] = {"host",       "content-length", "transfer-encoding",
                                        "connection", "upgrade",        "te",
                                        "trailer",    "expect",         "keep-alive"};
  return std::find(std::begin(names), std::end(names), lowerName) != std::end(names);
}

void append(std::string& list, std::string_view name, std::string_view value) {
  if (!list.empty()) list += '&';
  list += percentEncode(name);
  list += '=';
  auto encoded = percentEncode(value);
  list += encoded;
  wipe(encoded);
}

std::string base64(std::string_view octets) {
  auto text = base64UrlEncode(octets, Padding::Required);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return text;
}

}  // namespace

bool hasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char octet) { return octet < 0x20 || octet == 0x7f; });
}

bool Outgoing::method(std::string_view name) {
  constexpr std::string_view known[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(std::begin(known), std::end(known), name) == std::end(known)) return false;
  request_.method = name;
  return true;
}

bool Outgoing::url(std::string_view address) {
  if (hasControlCharacter(address) || address.find_first_of(" #\\") != std::string_view::npos) return false;
  request_.url = address;
  return true;
}

bool Outgoing::header(std::string_view name, std::string_view value) {
  const auto lower = toLower(name);
  if (!isToken(name) || hasControlCharacter(value) || belongsToConnection(lower)) return false;
  const auto same = std::find_if(request_.headers.begin(), request_.headers.end(),
                                 [&](const auto& header) { return toLower(header.first) == lower; });
  if (same != request_.headers.end()) {
    same->second = value;
  } else {
    request_.headers.emplace_back(name, value);
  }
  return true;
}

void Outgoing::query(std::string_view name, std::string_view value) {
  append(query_, name, value);
}

void Outgoing::formField(std::string_view name, std::string_view value) {
  hasForm_ = true;
  append(form_, name, value);
}

bool Outgoing::body(std::string_view contentType, std::string_view text) {
  if (contentType.empty() || !header("Content-Type", contentType)) return false;
  hasBody_ = true;
  request_.body = Secret(std::string(text));
  return true;
}

void Outgoing::basic(std::string_view user, std::string_view password) {
  auto joined = percentEncode(user) + ':' + percentEncode(password);
  const bool taken = header("Authorization", "Basic " + base64(joined));
  wipe(joined);
  static_cast<void>(taken);  // base64 never holds a control character
}

HttpRequest Outgoing::take(bool allowPrivate) {
  auto request = std::exchange(
      request_, HttpRequest{.method = "", .url = "", .headers = {}, .body = Secret(), .allowPrivate = false});
  if (hasForm_ && !hasBody_) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = Secret(std::exchange(form_, {}));
  }
  if (request.method.empty()) request.method = hasForm_ || hasBody_ ? "POST" : "GET";
  if (!query_.empty()) {
    request.url += (request.url.find('?') == std::string::npos ? '?' : '&') + std::exchange(query_, {});
  }
  request.allowPrivate = allowPrivate;
  hasForm_ = hasBody_ = false;
  wipe(form_);
  return request;
}

}  // namespace agw
