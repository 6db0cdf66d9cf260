#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/edge/peers.hpp"
#include "api/edge/request_reader.hpp"
#include "api/edge/transport.hpp"
#include "api/edge/write_head.hpp"
#include "api/server.hpp"

namespace agw::api {

/// The monotonic time of deadlines, in milliseconds.
[[nodiscard]] std::int64_t ticks();

/// What all connections of a server share. Outlives them.
struct EdgeContext {
  const ServerSettings& settings;
  const Handler& handler;
  const TrustedProxies& proxies;
  Random& random;
  Log& log;
  AnswerObserver* observer;  ///< null: nobody looks
  LargeBodies& largeBodies;
  std::atomic<bool> stopping{false};  ///< every answer is the last of its connection
};

/// One client. Used by one thread at a time, which serves it until it would block. Costs little before its
/// first octet.
class Connection {
 public:
  enum class Wait { Readable, Writable, Closed };

  Connection(EdgeContext& edge, std::unique_ptr<Transport> transport, PeerAddress peer);

  /// Reads, answers and writes until the socket would block; says what to wait for. `late`: what it reads has
  /// waited too long.
  [[nodiscard]] Wait serve(bool late);
  /// Its deadline passed: what is late is told, where that is still possible.
  [[nodiscard]] Wait expire();
  /// By `ticks()`.
  [[nodiscard]] std::int64_t deadline() const { return deadline_; }
  /// Nothing of a request has come, and no answer is on its way.
  [[nodiscard]] bool idle() const;
  [[nodiscard]] const PeerAddress& peer() const { return peer_; }
  /// Whose turn it takes when threads are scarce: the key's of the request before, or the client's where
  /// there was no valid key.
  [[nodiscard]] std::uint64_t group() const { return group_; }

 private:
  enum class Phase { Requests, Draining };

  [[nodiscard]] Wait takeRequests(std::string_view octets);
  [[nodiscard]] Wait flush();
  [[nodiscard]] Wait drain();
  void answer();
  void refuse(const Fault& fault);
  void setReadDeadline();
  [[nodiscard]] Response handled(const Request& request) noexcept;
  [[nodiscard]] std::uint64_t groupOf(const Request& request, const Response& response) const;

  EdgeContext& edge_;
  std::unique_ptr<Transport> transport_;
  PeerAddress peer_;
  std::unique_ptr<RequestReader> reader_;  ///< made with the first octet
  std::string outgoing_;                   ///< answers that are not sent yet
  std::string unread_;                     ///< requests that wait until `outgoing_` is sent
  std::int64_t deadline_;
  std::uint64_t group_;
  Phase phase_ = Phase::Requests;
  bool headDeadlineSet_ = false;
  bool bodyDeadlineSet_ = false;
  bool late_ = false;
  bool last_ = false;     ///< `outgoing_` ends with the last answer
  bool writing_ = false;  ///< the client takes `outgoing_` slowly; its deadline runs
  std::size_t drained_ = 0;
};

/// An answer of the edge itself.
[[nodiscard]] Response faultResponse(const Fault& fault, const std::string& requestId);

}  // namespace agw::api
