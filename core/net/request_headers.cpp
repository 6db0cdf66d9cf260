#include "net/request_headers.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/encoding.hpp"

namespace agw {
namespace {

constexpr std::array<std::string_view, 11> kOurs = {"connection",
                                                    "content-length",
                                                    "expect",
                                                    "host",
                                                    "keep-alive",
                                                    "proxy-authorization",
                                                    "te",
                                                    "trailer",
                                                    "upgrade",
                                                    "transfer-encoding",
                                                    "proxy-connection"};

/// RFC 9110 section 5.6.2.
bool isToken(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != kMarks.npos;
  });
}

bool isValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
  });
}

void append(HeaderList& list, std::string line) {
  curl_slist* grown = curl_slist_append(list.get(), line.c_str());
  wipe(line);
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(grown);
}

}  // namespace

void WipeHeaderList::operator()(curl_slist* list) const {
  for (curl_slist* at = list; at != nullptr; at = at->next) OPENSSL_cleanse(at->data, std::strlen(at->data));
  curl_slist_free_all(list);
}

Result<HeaderList> toHeaderList(const Headers& headers) {
  HeaderList list;
  bool typed = false;
  for (const auto& [name, value] : headers) {
    if (!isToken(name) || !isValue(value)) {
      return Error{.kind = ErrorKind::BadOption,
                   .message = "A request header has characters that are not allowed."};
    }
    const std::string lower = toLower(name);
    if (std::find(kOurs.begin(), kOurs.end(), lower) != kOurs.end()) {
      return Error{.kind = ErrorKind::BadOption,
                   .message = "The request header " + name + " is the gateway's own."};
    }
    typed = typed || lower == "content-type";
    // With nothing after the colon libcurl leaves a header out; a semicolon asks for an empty one.
    append(list, value.empty() ? name + ";" : name + ": " + value);
  }
  append(list, "Expect:");
  if (!typed) append(list, "Content-Type:");  // else libcurl calls every body a form
  return list;
}

}  // namespace agw
