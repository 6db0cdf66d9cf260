#include "net/answer_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace agw {
namespace {

constexpr int kMostInformationals = 5;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool hasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
  });
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// As `to.append(part)`, but a buffer that is outgrown is overwritten: it may hold a token.
void appendWiping(std::string& to, std::string_view part) {
  if (to.capacity() - to.size() < part.size()) {
    std::string larger;
    larger.reserve(std::max(to.size() + part.size(), 2 * to.capacity()));
    larger.append(to);
    wipe(to);
    to.swap(larger);
  }
  to.append(part);
}

}  // namespace

AnswerReader::~AnswerReader() {
  wipe(body_);
}

bool AnswerReader::stop(std::string_view fault) {
  fault_ = fault;
  return false;
}

bool AnswerReader::header(std::string_view line) {
  headerOctets_ += line.size();
  if (headerOctets_ > maxHeaders_) return stop("sent too many headers");
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (await_ == Await::Status) return statusLine(line);
  if (await_ == Await::Trailer) return true;
  if (!line.empty()) return field(line);
  await_ = informational_ ? Await::Status : Await::Trailer;
  return true;
}

bool AnswerReader::statusLine(std::string_view line) {
  // "HTTP/1.1 200 OK": libcurl has judged the line, only the first digit matters here.
  const auto space = line.find(' ');
  if (space == line.npos || space + 1 >= line.size()) return stop("sent no status");
  informational_ = line[space + 1] == '1';
  if (informational_ && ++informationals_ > kMostInformationals)
    return stop("sent too many informational replies");
  headers_.clear();
  length_.reset();
  chunked_ = false;
  await_ = Await::Field;
  return true;
}

bool AnswerReader::field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0 || line.find_first_of(" \t") < colon || hasControl(line)) {
    return stop("sent a malformed header");
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!framing(toLower(name), value)) return false;
  headers_.emplace_back(name, value);
  return true;
}

bool AnswerReader::framing(std::string_view name, std::string_view value) {
  if (name == "content-length") {
    const auto length = decimal(value);
    if (!length || (length_ && length_ != length)) return stop("contradicts itself about its length");
    if (*length > maxBody_) return stop("is too large");
    length_ = length;
  } else if (name == "transfer-encoding") {
    if (chunked_ || toLower(value) != "chunked") return stop("has an unknown transfer encoding");
    chunked_ = true;
  }
  if (length_ && chunked_) return stop("contradicts itself about its length");
  return true;
}

bool AnswerReader::body(std::string_view part) {
  if (part.size() > maxBody_ - body_.size()) return stop("is too large");
  if (body_.empty() && length_) body_.reserve(static_cast<std::size_t>(*length_));
  appendWiping(body_, part);
  return true;
}

HttpResponse AnswerReader::take(int status) {
  return HttpResponse{.status = status, .headers = std::move(headers_), .body = Secret(std::move(body_))};
}

}  // namespace agw
