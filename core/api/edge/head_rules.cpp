#include "api/edge/head_rules.hpp"

#include <algorithm>
#include <cstring>

#include "api/text.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMaxRequestLine = 16U << 10;
constexpr std::size_t kMaxFieldLine = (8U << 10) + 256;

Fault malformed(std::string message) {
  return Fault{.status = 400, .message = std::move(message)};
}

bool isDigits(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool isHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// RFC 2047 words mean nothing in HTTP, but some readers decode them (and then see a line break).
bool hasEncodedWord(std::string_view value) {
  const auto start = value.find("=?");
  return start != std::string_view::npos && value.find("?=", start + 2) != std::string_view::npos;
}

bool mayNotBeEncoded(std::string_view name) {
  return equalsIgnoringCase(name, "X-API-Key") || equalsIgnoringCase(name, "Host") ||
         equalsIgnoringCase(name, "Authorization") || equalsIgnoringCase(name, "Forwarded") ||
         startsIgnoringCase(name, "X-Forwarded-");
}

}  // namespace

void HeadScanner::reset() {
  lineStart_ = seen_ = 0;
  lines_ = 0;
  fault_ = {};
}

void HeadScanner::checkLine(std::string_view line) {
  if (line.empty() || line.back() != '\r') {
    fault_ = malformed("A line of the head ends without CR LF.");
    return;
  }
  line.remove_suffix(1);
  if (lines_ > 0 && (line.starts_with(' ') || line.starts_with('\t'))) {
    fault_ = malformed("A header is folded over two lines; send it on one.");
  } else if (std::any_of(line.begin(), line.end(),
                         [this](char c) { return isControl(c) && (c != '\t' || lines_ == 0); })) {
    fault_ = malformed("The head has a control character.");
  } else if (lines_ == 0 && line.empty()) {
    fault_ = malformed("There is an empty line where a request line must be.");
  } else if (lines_ == 0 && line.size() > kMaxRequestLine) {
    fault_ = Fault{.status = 414, .message = "The request line is longer than 16 KiB."};
  } else if (lines_ > 0 && line.size() > kMaxFieldLine) {
    fault_ = Fault{.status = 431, .message = "A header is longer than 8 KiB."};
  } else if (lines_ > maxHeaders_) {
    fault_ = Fault{.status = 431, .message = "There are too many headers."};
  }
}

std::size_t HeadScanner::find(std::string_view octets) {
  while (!fault_) {
    const auto end = octets.find('\n', std::max(seen_, lineStart_));
    if (end == std::string_view::npos) {
      seen_ = octets.size();
      if (octets.size() >= maxHead_) fault_ = Fault{.status = 431, .message = "The head is too long."};
      return 0;
    }
    const auto line = octets.substr(lineStart_, end - lineStart_);
    if (lines_ > 0 && line == "\r") {
      if (end < maxHead_) return end + 1;
      fault_ = Fault{.status = 431, .message = "The head is too long."};
      return 0;
    }
    checkLine(line);
    ++lines_;
    lineStart_ = end + 1;
  }
  return 0;
}

bool isHost(std::string_view value) {
  if (value.size() > 262) return false;
  if (value.starts_with('[')) {
    const auto close = value.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const auto address = value.substr(1, close - 1);
    if (!std::all_of(address.begin(), address.end(), [](char c) {
          return (c >= '0' && c <= '9') || (lowered(c) >= 'a' && lowered(c) <= 'f') || c == ':' || c == '.';
        })) {
      return false;
    }
    value.remove_prefix(close + 1);
  } else {
    const auto name = value.substr(0, value.find(':'));
    if (name.empty() || !std::all_of(name.begin(), name.end(), isHostCharacter)) return false;
    value.remove_prefix(name.size());
  }
  return value.empty() || (value.size() <= 6 && value.front() == ':' && isDigits(value.substr(1)));
}

Fault checkField(std::string_view name, std::string_view value) {
  const auto about = [&](std::string message, int status = 400) {
    return Fault{.status = status, .message = std::move(message), .field = std::string(name)};
  };
  if (name.find('_') != std::string_view::npos) {
    return about("A header name has an underscore; write it with '-'.");
  }
  if (mayNotBeEncoded(name) && hasEncodedWord(value)) {
    return about("A header has an encoded word ('=?...?='); send plain text.");
  }
  if (equalsIgnoringCase(name, "Host") && !isHost(value)) return about("Host is not a host name.");
  if (equalsIgnoringCase(name, "Content-Length") && !isDigits(value)) {
    return about("Content-Length is not a number.");
  }
  if (equalsIgnoringCase(name, "Transfer-Encoding") && !equalsIgnoringCase(value, "chunked")) {
    return about("The only Transfer-Encoding taken here is 'chunked'.", 501);
  }
  if (equalsIgnoringCase(name, "Expect") && !equalsIgnoringCase(value, "100-continue")) {
    return about("The only expectation that can be met is '100-continue'.", 417);
  }
  return {};
}

}  // namespace agw::api
