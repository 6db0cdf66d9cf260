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
  std::string publicUrl;  ///< where clients reach the HTTP listener, when a proxy stands before it
};

/// Listens until it is destroyed.
class Server {
 public:
  Server(const ServerOptions& options, Registry& registry);
  ~Server();

  [[nodiscard]] const std::string& httpUrl() const { return httpUrl_; }
  /// Empty without HTTPS.
  [[nodiscard]] const std::string& httpsUrl() const { return httpsUrl_; }

 private:
  void listenSecurely(const ServerOptions& options, Registry& registry);

  std::unique_ptr<Poco::ThreadPool> threads_;
  std::unique_ptr<Poco::Net::HTTPServer> http_;
  std::unique_ptr<Poco::Net::HTTPServer> https_;
  std::string httpUrl_;
  std::string httpsUrl_;
};

}  // namespace sandbox
