#include "api/edge/connection.hpp"

#include <array>
#include <functional>
#include <typeinfo>
#include <utility>

#include "api/edge/request_id.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kReceive = 16U << 10;
constexpr std::int64_t kDrainMillis = 1'000;
constexpr std::size_t kMaxDrained = 1U << 20;
/// Pipelined answers are sent together up to this many octets, and as many are received in one turn.
constexpr std::size_t kMaxBatch = 64U << 10;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::uint64_t numberOf(const std::string& name) {
  return std::hash<std::string>()(name);
}

}  // namespace

std::int64_t ticks() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Response faultResponse(const Fault& fault, const std::string& requestId) {
  Error error{.kind = fault.status == 503 ? ErrorKind::Transient : ErrorKind::InvalidRequest,
              .message = fault.message};
  if (!fault.field.empty()) error.facts["field"] = {fault.field};
  auto response = errorResponse(error, requestId);
  response.status = fault.status;
  if (fault.status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST, DELETE");
  return response;
}

Connection::Connection(EdgeContext& edge, std::unique_ptr<Transport> transport, PeerAddress peer)
    : edge_(edge), transport_(std::move(transport)), peer_(peer), group_(numberOf(peer.group())) {
  // A TLS handshake is part of the first head; a plain connection may wait before it begins one.
  const auto& first = transport_->secure() ? edge_.settings.headDeadline : edge_.settings.idleDeadline;
  deadline_ = ticks() + first.count();
}

bool Connection::idle() const {
  return phase_ == Phase::Requests && outgoing_.empty() && (!reader_ || !reader_->started());
}

Connection::Wait Connection::serve(bool late) {
  late_ = late;
  if (phase_ == Phase::Draining) return drain();
  if (!outgoing_.empty()) {
    const auto wait = flush();
    if (!outgoing_.empty() || wait == Wait::Closed || phase_ == Phase::Draining) return wait;
    const std::string waiting = std::exchange(unread_, {});
    if (const auto next = takeRequests(waiting); next != Wait::Readable) return next;
  }
  std::array<char, kReceive> buffer;  // filled by receive
  for (std::size_t received = 0; received < kMaxBatch;) {
    const auto outcome = transport_->receive(buffer.data(), buffer.size());
    if (outcome.io == Transport::Io::Closed) return Wait::Closed;
    if (outcome.io != Transport::Io::Done) {
      return outcome.io == Transport::Io::NeedsWrite ? Wait::Writable : Wait::Readable;
    }
    received += outcome.octets;
    const auto wait = takeRequests({buffer.data(), outcome.octets});
    if (wait != Wait::Readable || phase_ == Phase::Draining) return wait;
    // A plain socket that gave less than there was room for is empty; epoll tells when that changes.
    if (!transport_->secure() && outcome.octets < buffer.size()) return wait;
  }
  // Others have their turn. The rest is in the kernel, as no TLS record is larger than the buffer.
  return Wait::Readable;
}

Connection::Wait Connection::takeRequests(std::string_view octets) {
  if (!reader_ && !octets.empty()) {
    reader_ = std::make_unique<RequestReader>(ReaderLimits{edge_.settings.maxHead, edge_.settings.maxBody,
                                                           edge_.settings.maxHeaders, &edge_.largeBodies});
  }
  while (!octets.empty() && !last_) {
    switch (reader_->feed(octets)) {
      case RequestReader::Progress::Failed:
        refuse(reader_->fault());
        break;
      case RequestReader::Progress::Complete:
        answer();
        if (outgoing_.size() < kMaxBatch) continue;
        break;
      case RequestReader::Progress::NeedMore:
        if (reader_->takeContinue()) outgoing_ += kContinue;
        break;
    }
    if (outgoing_.empty()) continue;
    if (const auto wait = flush(); wait != Wait::Readable || phase_ == Phase::Draining) {
      unread_ = octets;
      return wait;
    }
  }
  const auto wait = flush();
  if (wait == Wait::Readable && phase_ == Phase::Requests) setReadDeadline();
  return wait;
}

void Connection::setReadDeadline() {
  const auto& settings = edge_.settings;
  if (!reader_ || !reader_->started()) {
    deadline_ = ticks() + settings.idleDeadline.count();
    headDeadlineSet_ = bodyDeadlineSet_ = false;
  } else if (reader_->inBody()) {
    if (!bodyDeadlineSet_) deadline_ = ticks() + settings.bodyDeadline.count();
    bodyDeadlineSet_ = true;
  } else {
    if (!headDeadlineSet_) deadline_ = ticks() + settings.headDeadline.count();
    headDeadlineSet_ = true;
  }
}

Response Connection::handled(const Request& request) noexcept {
  std::string type = "not a standard exception";
  try {
    return edge_.handler(request);
  } catch (const std::exception& thrown) {
    type = typeid(thrown).name();  // not what(): libraries put connection strings and worse into it
  } catch (...) {
  }
  edge_.log.write(LogLevel::Error, "handler_threw", {{"request_id", request.requestId}, {"type", type}});
  return errorResponse(Error{.message = "Something went wrong here. The request id helps to find out what."},
                       request.requestId);
}

std::uint64_t Connection::groupOf(const Request& request, const Response& response) const {
  if (!response.keyId.empty()) return numberOf(response.keyId);
  if (request.late) return group_;
  const auto client = PeerAddress::parse(request.peer);
  return numberOf(client ? client->group() : request.peer);
}

void Connection::answer() {
  Request& request = reader_->request();
  request.requestId = newRequestId(edge_.random);
  request.peer = edge_.proxies.client(peer_, request);
  request.secure = transport_->secure() || edge_.proxies.clientUsedTls(peer_, request);
  request.late = late_;
  const auto begun = std::chrono::steady_clock::now();
  const Response response =
      request.requestId.empty()
          ? errorResponse(Error{.message = "The system gives no random numbers."}, request.requestId)
          : handled(request);
  if (edge_.observer) edge_.observer->answered(request, response, std::chrono::steady_clock::now() - begun);
  group_ = groupOf(request, response);
  const bool keep = reader_->keepAlive() && !edge_.stopping.load(std::memory_order_relaxed);
  last_ = !keep;
  writeAnswer(response,
              {.requestId = request.requestId,
               .secure = request.secure,
               .keepAlive = keep,
               .withBody = request.method != "HEAD"},
              outgoing_);
  reader_->next();
  headDeadlineSet_ = bodyDeadlineSet_ = false;
}

void Connection::refuse(const Fault& fault) {
  const std::string id = newRequestId(edge_.random);
  const bool head = reader_ && reader_->request().method == "HEAD";
  last_ = true;
  edge_.log.write(LogLevel::Debug, "request_refused", {{"request_id", id}, {"reason", fault.message}});
  const auto response = faultResponse(fault, id);
  if (edge_.observer) {
    Request refused;
    refused.requestId = id;
    refused.peer = peer_.text();
    edge_.observer->answered(refused, response, std::chrono::nanoseconds(0));
  }
  writeAnswer(response,
              {.requestId = id, .secure = transport_->secure(), .keepAlive = false, .withBody = !head},
              outgoing_);
}

Connection::Wait Connection::flush() {
  std::size_t sent = 0;
  while (sent < outgoing_.size()) {
    const auto outcome = transport_->send(outgoing_.data() + sent, outgoing_.size() - sent);
    if (outcome.io == Transport::Io::Closed) return Wait::Closed;
    if (outcome.io != Transport::Io::Done) {
      outgoing_.erase(0, sent);
      if (!std::exchange(writing_, true)) deadline_ = ticks() + edge_.settings.writeDeadline.count();
      return outcome.io == Transport::Io::NeedsRead ? Wait::Readable : Wait::Writable;
    }
    sent += outcome.octets;
  }
  outgoing_.clear();
  writing_ = false;
  if (!last_) return Wait::Readable;
  // Closing at once could reset the connection and take the answer back out of the client's hands.
  transport_->finishSending();
  phase_ = Phase::Draining;
  deadline_ = ticks() + kDrainMillis;
  return drain();
}

Connection::Wait Connection::drain() {
  std::array<char, kReceive> ignored;  // filled by receive
  while (drained_ < kMaxDrained) {
    const auto outcome = transport_->receive(ignored.data(), ignored.size());
    if (outcome.io == Transport::Io::Closed) return Wait::Closed;
    if (outcome.io == Transport::Io::NeedsWrite) return Wait::Writable;
    if (outcome.io == Transport::Io::NeedsRead) return Wait::Readable;
    drained_ += outcome.octets;
  }
  return Wait::Closed;
}

Connection::Wait Connection::expire() {
  if (phase_ == Phase::Draining || !outgoing_.empty() || !reader_ || !reader_->started()) return Wait::Closed;
  refuse({.status = 408, .message = "The request took too long to arrive."});
  return flush();
}

}  // namespace agw::api
