#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/certificates.hpp"

namespace agw::test {

/// The server's end of one connection. Used by the script, on the connection's thread.
class Peer {
 public:
  Peer(class RawServer& server, int socket, SSL* tls) : server_(server), socket_(socket), tls_(tls) {}

  /// The next request, head and body (by Content-Length). Empty when the client is gone.
  std::string readRequest();
  /// False when the client is gone.
  bool send(std::string_view octets);
  /// One octet each `interval`, until all are sent or the client is gone.
  void drip(std::string_view octets, std::chrono::milliseconds interval);
  /// Returns when the client has closed, or the server ends.
  void waitUntilGone();
  /// Ends the connection without TLS's own farewell, as if the line were cut.
  void cut();

 private:
  /// False when the client is gone.
  bool readMore();

  RawServer& server_;
  const int socket_;
  SSL* const tls_;
  std::string buffer_;
};

/// An HTTP server without manners: each connection is a script that sends whatever octets it likes. It
/// listens on a free port of the loopback network as soon as it exists and ends with its object.
class RawServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit RawServer(Script script, const std::string& address = "127.0.0.1",
                     std::optional<TlsIdentity> identity = {}, int newestTls = TLS1_3_VERSION);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  /// Requests that scripts have read whole, in order.
  [[nodiscard]] std::vector<std::string> requests() const;
  /// Octets that arrived in all, parts of requests included.
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  friend class Peer;
  void acceptAll();
  void serve(int socket);
  void converse(int socket);

  const Script script_;
  std::shared_ptr<SSL_CTX> tls_;  // empty: plain
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<std::size_t> received_{0};
  mutable std::mutex mutex_;
  bool ending_ = false;
  std::vector<int> sockets_;
  std::vector<std::string> requests_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

/// A script that reads one request after the other and answers each with `answer`.
[[nodiscard]] RawServer::Script always(std::string answer);

}  // namespace agw::test
