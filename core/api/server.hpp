#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/http.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"

namespace agw::api {

/// Room for bodies longer than usual.
struct LargeBodySettings {
  std::string path;        ///< requests whose path starts with it may bring them; empty: none may
  std::size_t octets = 0;  ///< the longest
  int atOnce = 0;          ///< so many under way, whose memory is what strangers can make us hold
};

struct ServerSettings {
  std::string host = "127.0.0.1";
  int port = 8000;              ///< 0: any free one, see `Server::port`
  std::string certificateFile;  ///< PEM chain; empty: plain http
  std::string privateKeyFile;
  std::vector<std::string> trustedProxies;  ///< CIDR; X-Forwarded-* of others is ignored
  std::chrono::milliseconds headDeadline{5'000};
  std::chrono::milliseconds bodyDeadline{10'000};
  std::chrono::milliseconds idleDeadline{5'000};
  std::chrono::milliseconds writeDeadline{10'000};
  std::chrono::milliseconds patience{1'000};  ///< a request that waits longer for a thread is `Request::late`
  /// How long work may take before another thread is started beside it. On a saturated machine a read takes
  /// milliseconds because it waits for the processor or the database; threads beside it would wait for the
  /// same and only get in each other's way. Who waits for a provider waits longer.
  std::chrono::milliseconds stall{25};
  std::size_t maxBody = 64U << 10;
  LargeBodySettings largeBodies{};
  std::size_t maxHead = 32U << 10;
  int maxHeaders = 100;
  int maxConnections = 8'192;
  int maxConnectionsPerPeer = 4'096;
  int minThreads = 8;
  int maxThreads = 768;
};

/// Told of every answer, also of the edge's own to what is no proper request (of which `request` then has
/// what could be read). Called by the thread that serves the connection, before the answer is sent.
class AnswerObserver {
 public:
  virtual ~AnswerObserver() = default;
  virtual void answered(const Request& request, const Response& response,
                        std::chrono::nanoseconds took) noexcept = 0;
};

/// Accepts connections and turns octets into `Request`s and `Response`s into octets.
///
/// A connection costs no thread while nothing arrives on it: threads of one pool wait on all sockets
/// together, and whoever gets an event serves that connection until it would block. A handler may block its
/// thread; the pool grows to `maxThreads`. Whatever a handler throws becomes a 500 with a request id.
class Server {
 public:
  /// Binds and listens; `BadOption` with a sentence for the operator when it cannot. `observer` may be null.
  /// References and `observer` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerSettings settings, Handler handler,
                                                             Random& random, Log& log,
                                                             Metrics& metrics = noMetrics(),
                                                             AnswerObserver* observer = nullptr);
  virtual ~Server() = default;
  [[nodiscard]] virtual int port() const = 0;
  /// Reads certificate and key again. Connections keep the pair that they began with; those accepted from now
  /// on get the new one. True: it is another pair than before. `BadOption`, and the pair in use stays, when
  /// the files are not a usable pair. Without TLS: false.
  [[nodiscard]] virtual Result<bool> reloadCertificate() = 0;
  /// Stops accepting, answers what is under way, closes idle connections; returns when all are closed or
  /// `limit` passed.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace agw::api
