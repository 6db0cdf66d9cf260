#include "api/edge/write_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "api/text.hpp"
#include "base/clock.hpp"

namespace agw::api {
namespace {

constexpr std::array<std::string_view, 11> kOwn{
    "Date",        "Content-Length",         "Content-Type",    "Connection", "Transfer-Encoding",
    "Server",      "X-Content-Type-Options", "Referrer-Policy", "Keep-Alive", "Strict-Transport-Security",
    "X-Request-Id"};

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Answer";
  }
}

bool isToken(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (lowered(c) >= 'a' && lowered(c) <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool isSendable(std::string_view value) {
  return std::none_of(value.begin(), value.end(), isControl);
}

bool isOwn(std::string_view name) {
  return std::any_of(kOwn.begin(), kOwn.end(),
                     [&](std::string_view own) { return equalsIgnoringCase(own, name); });
}

/// IMF-fixdate of RFC 9110 section 5.6.7, made once a second and thread.
std::string_view date() {
  thread_local std::time_t second = 0;
  thread_local std::array<char, 32> text{};
  const auto now = static_cast<std::time_t>(toMillis(SystemClock().now()) / 1000);
  if (now != second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return text.data();
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void appendNumber(std::string& out, std::size_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool names(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return equalsIgnoringCase(header.first, name); });
}

}  // namespace

bool writeHead(const Response& response, const AnswerFrame& frame, std::string& out) {
  const bool sendable = isSendable(response.contentType) && isSendable(frame.requestId) &&
                        std::all_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
                          return isToken(header.first) && isSendable(header.second) && !isOwn(header.first);
                        });
  if (!sendable) return false;

  out.append("HTTP/1.1 ");
  appendNumber(out, static_cast<std::size_t>(response.status));
  out.append(" ").append(reason(response.status)).append("\r\n");
  append(out, "Date", date());
  // A 304 has no content, and its length would be that of the 200 it stands for (RFC 9110 section 8.6).
  if (response.status != 304) {
    append(out, "Content-Type", response.contentType);
    out.append("Content-Length: ");
    appendNumber(out, response.body.size());
    out.append("\r\n");
  }
  append(out, "X-Request-Id", frame.requestId);
  for (const auto& [name, value] : response.headers) append(out, name, value);
  out.append("X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
  if (!names(response, "Content-Security-Policy")) {
    out.append("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
  }
  if (response.noStore) out.append("Cache-Control: no-store\r\n");
  if (frame.secure) out.append("Strict-Transport-Security: max-age=31536000\r\n");
  if (!frame.keepAlive) out.append("Connection: close\r\n");
  out.append("\r\n");
  return true;
}

void writeAnswer(const Response& response, const AnswerFrame& frame, std::string& out) {
  const Response* sent = &response;
  Response replacement;
  if (!writeHead(*sent, frame, out)) {
    replacement =
        errorResponse(Error{.message = "Something went wrong here. The request id helps to find out what."},
                      frame.requestId);
    sent = &replacement;
    if (!writeHead(*sent, frame, out)) return;
  }
  if (frame.withBody) out.append(sent->body);
}

}  // namespace agw::api
