#pragma once

#include <Poco/Net/HTTPServer.h>

#include <memory>
#include <string>

#include "certificate.hpp"
#include "registry.hpp"

namespace sandbox {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8001;
  int httpsPort = -1;     ///< -1: no HTTPS; 0: any
  std::string stateDir;   ///< keys and certificate; needed for HTTPS
  std::string publicUrl;  ///< where clients reach it; empty: the address that they name in `Host`
};

/// One of the two listeners, as clients see it.
struct Listener {
  std::string url;
  bool fixed = false;  ///< whatever `Host` says
};

/// Listens until it is destroyed.
class Server {
 public:
  Server(const ServerOptions& options, Registry& registry);
  ~Server();

  [[nodiscard]] const std::string& httpUrl() const { return httpListener_.url; }
  /// Empty without HTTPS.
  [[nodiscard]] const std::string& httpsUrl() const { return httpsListener_.url; }

 private:
  void listenSecurely(const ServerOptions& options, Registry& registry);

  std::unique_ptr<Poco::ThreadPool> threads_;
  std::unique_ptr<Poco::Net::HTTPServer> http_;
  std::unique_ptr<Poco::Net::HTTPServer> https_;
  Listener httpListener_;
  Listener httpsListener_;
};

}  // namespace sandbox
