#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/http.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace agw::api {

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
  std::size_t maxBody = 64U << 10;
  std::size_t maxHead = 32U << 10;
  int maxHeaders = 100;
  int maxConnections = 8'192;
  int maxConnectionsPerPeer = 4'096;
  int minThreads = 8;
  int maxThreads = 768;
};

/// Accepts connections and turns octets into `Request`s and `Response`s into octets.
///
/// A connection costs no thread while nothing arrives on it: threads of one pool wait on all sockets
/// together, and whoever gets an event serves that connection until it would block. A handler may block its
/// thread; the pool grows to `maxThreads`. Whatever a handler throws becomes a 500 with a request id.
class Server {
 public:
  /// Binds and listens; `BadOption` with a sentence for the operator when it cannot.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerSettings settings, Handler handler,
                                                             Random& random, Log& log);
  virtual ~Server() = default;
  [[nodiscard]] virtual int port() const = 0;
  /// Stops accepting, answers what is under way, closes idle connections; returns when all are closed or
  /// `limit` passed.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace agw::api
