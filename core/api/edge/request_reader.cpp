#include "api/edge/request_reader.hpp"

#include <algorithm>
#include <array>

#include "api/edge/request_parser.hpp"
#include "api/edge/target.hpp"
#include "api/text.hpp"

namespace agw::api {
namespace {

namespace http = boost::beast::http;

/// Longest chunk header (or end of a chunked body) that is waited for.
constexpr std::size_t kMaxChunkHeader = 1024;

constexpr std::size_t kShortestChunkEnd = std::string_view("0\r\n\r\n").size();

enum class MethodClass { Taken, NeverTaken, Unknown };

MethodClass classify(std::string_view method) {
  constexpr std::array<std::string_view, 7> taken{"GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS"};
  if (std::find(taken.begin(), taken.end(), method) != taken.end()) return MethodClass::Taken;
  return method == "TRACE" || method == "CONNECT" ? MethodClass::NeverTaken : MethodClass::Unknown;
}

bool hasBareLf(std::string_view octets) {
  for (auto at = octets.find('\n'); at != std::string_view::npos; at = octets.find('\n', at + 1)) {
    if (at == 0 || octets[at - 1] != '\r') return true;
  }
  return false;
}

Fault faultOf(const boost::beast::error_code& code) {
  if (code == http::error::body_limit)
    return {.status = 413, .message = "The body is longer than is taken here."};
  if (code == http::error::bad_version)
    return {.status = 505, .message = "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  if (code == http::error::bad_content_length) {
    return {.status = 400, .message = "The length of the body is told in two ways, or not as a number."};
  }
  if (code == http::error::bad_transfer_encoding) {
    return {.status = 400, .message = "Transfer-Encoding is not understood together with the other headers."};
  }
  if (code == http::error::bad_chunk || code == http::error::bad_chunk_extension) {
    return {.status = 400, .message = "The chunked body is malformed."};
  }
  return {.status = 400, .message = "This is not an HTTP/1.1 request."};
}

}  // namespace

RequestReader::RequestReader(ReaderLimits limits)
    : limits_(limits),
      scanner_(limits.maxHead, limits.maxHeaders),
      parser_(std::make_unique<Parser>(limits)) {}
RequestReader::~RequestReader() = default;

bool RequestReader::started() const {
  return headRead_ || !pending_.empty();
}
bool RequestReader::inBody() const {
  return headRead_;
}
bool RequestReader::takeContinue() {
  return std::exchange(awaitsContinue_, false);
}
Request& RequestReader::request() {
  return parser_->request;
}
bool RequestReader::keepAlive() const {
  return parser_->version >= 11 && parser_->keep_alive();
}
const Fault& RequestReader::fault() const {
  return fault_;
}

void RequestReader::next() {
  scanner_.reset();
  pending_.clear();
  parser_ = std::make_unique<Parser>(limits_);
  headRead_ = awaitsContinue_ = false;
}

RequestReader::Progress RequestReader::fail(Fault fault) {
  fault_ = std::move(fault);
  return Progress::Failed;
}

RequestReader::Progress RequestReader::feed(std::string_view& octets) {
  if (fault_) return Progress::Failed;
  if (!headRead_) {
    const auto progress = readHead(octets);
    if (progress != Progress::Complete) return progress;
  }
  return readBody(octets);
}

RequestReader::Progress RequestReader::readHead(std::string_view& octets) {
  // A head that arrives in one piece, which is the rule, is read where it lies.
  const bool whole = pending_.empty();
  const std::size_t before = pending_.size();
  if (!whole) pending_.append(octets.substr(0, limits_.maxHead));
  const std::string_view head = whole ? octets : std::string_view(pending_);
  const std::size_t length = scanner_.find(head);
  if (scanner_.fault()) return fail(scanner_.fault());
  if (length == 0) {
    if (whole) pending_.assign(octets);
    octets = {};
    return Progress::NeedMore;
  }
  boost::beast::error_code code;
  parser_->put(boost::asio::const_buffer(head.data(), length), code);
  octets.remove_prefix(length - before);
  pending_.clear();
  if (parser_->fault) return fail(parser_->fault);
  if (code) return fail(faultOf(code));
  if (auto wrong = checkHead()) return fail(std::move(wrong));
  headRead_ = true;
  parser_->eager(true);
  return Progress::Complete;
}

Fault RequestReader::checkHead() {
  auto& request = parser_->request;
  switch (classify(request.method)) {
    case MethodClass::Taken:
      break;
    case MethodClass::NeverTaken:
      return {.status = 405, .message = "This method is not taken here."};
    case MethodClass::Unknown:
      return {.status = 501, .message = "This method is not known here."};
  }
  if (parser_->version >= 11 && !parser_->has("Host")) return {.status = 400, .message = "Host is missing."};
  const bool chunked = parser_->has("Transfer-Encoding");
  if (chunked && (parser_->version < 11 || parser_->has("Content-Length"))) {
    return {.status = 400, .message = "Transfer-Encoding goes with HTTP/1.1 and without Content-Length."};
  }
  auto target = parseTarget(parser_->target);
  if (!target) return {.status = 400, .message = target.error().message};
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.queryFault = std::move(target->queryFault);
  awaitsContinue_ = parser_->version >= 11 && !parser_->is_done() && parser_->has("Expect");
  return {};
}

RequestReader::Progress RequestReader::readBody(std::string_view& octets) {
  if (parser_->is_done()) return Progress::Complete;
  if (octets.empty()) return Progress::NeedMore;
  awaitsContinue_ = false;
  const std::size_t before = pending_.size();
  // Only an unfinished chunk header is ever held back, so this stays short.
  if (before > 0) pending_.append(octets);
  const std::string_view unread = before > 0 ? std::string_view(pending_) : octets;
  // What is left of a chunked body is never shorter, and Beast wants that much when it looks at a last chunk
  // again.
  if (before > 0 && unread.size() < kShortestChunkEnd) {
    octets = {};
    return Progress::NeedMore;
  }
  boost::beast::error_code code;
  std::size_t used = 0;
  while (used < unread.size() && !parser_->is_done() && !code) {
    used += parser_->put(boost::asio::const_buffer(unread.data() + used, unread.size() - used), code);
  }
  if (parser_->fault) return fail(parser_->fault);
  if (code && code != http::error::need_more) return fail(faultOf(code));
  if (parser_->is_done()) {
    octets.remove_prefix(used - before);
    pending_.clear();
    return Progress::Complete;
  }
  const auto held = unread.substr(used);
  if (held.size() > kMaxChunkHeader || hasBareLf(held)) return fail(faultOf(http::error::bad_chunk));
  pending_ = std::string(held);
  octets = {};
  return Progress::NeedMore;
}

}  // namespace agw::api
