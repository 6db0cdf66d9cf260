#include "server.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StringTokenizer.h>

#include <optional>

#include "control.hpp"

namespace sandbox {
namespace {

// A held answer keeps its thread, and tests hold many.
constexpr int kThreads = 1024;
constexpr int kBacklog = 1024;

std::vector<std::string> segmentsOf(const std::string& path) {
  const Poco::StringTokenizer parts(path, "/", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
  return {parts.begin(), parts.end()};
}

Poco::JSON::Object healthy() {
  Poco::JSON::Object json;
  json.set("status", "healthy");
  return json;
}

/// The address by which the client reaches this server. It becomes the issuer, so `localhost` and `127.0.0.1`
/// both work as long as the client keeps to one.
std::string baseOf(const Poco::Net::HTTPServerRequest& request, const std::string& listener) {
  static constexpr const char* kHostCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:[]-";
  const std::string host = request.get("Host", "");
  if (host.empty() || host.find_first_not_of(kHostCharacters) != std::string::npos) return listener;
  return listener.substr(0, listener.find("://") + 3) + host;
}

Provider::Answer answer(Registry& registry, const Request& request) {
  auto segments = segmentsOf(request.path);
  if (!segments.empty() && segments[0] == "_control") {
    segments.erase(segments.begin());
    return {.reply = control(registry, segments, request), .fault = std::nullopt};
  }
  if (request.path == "/health") return {.reply = jsonReply(healthy()), .fault = std::nullopt};
  auto provider = registry.find(segments.empty() ? "default" : segments[0]);
  if (!provider) {
    provider = registry.find("default");
  } else if (!segments.empty()) {
    segments.erase(segments.begin());
  }
  return provider->answer(segments, request);
}

class Handler : public Poco::Net::HTTPRequestHandler {
 public:
  Handler(Registry& registry, const Listener& listener) : registry_(registry), listener_(listener) {}

  void handleRequest(Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) override {
    response.setKeepAlive(false);
    Provider::Answer result;
    try {
      result = answer(registry_,
                      readRequest(request, listener_.fixed ? listener_.url : baseOf(request, listener_.url)));
    } catch (const BadRequest& error) {
      result.reply = errorReply(400, "invalid_request", error.what());
    } catch (const std::exception&) {
      result.reply = errorReply(500, "server_error", "The sandbox failed.");
    }
    send(request, result.reply, result.fault);
  }

 private:
  Registry& registry_;
  const Listener& listener_;
};

class HandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  /// `listener` is read when a request comes: the port is known only after listening.
  HandlerFactory(Registry& registry, const Listener& listener) : registry_(registry), listener_(listener) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Handler(registry_, listener_);  // owned by the server
  }

 private:
  Registry& registry_;
  const Listener& listener_;
};

Poco::Net::HTTPServerParams::Ptr serverParams() {
  Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
  params->setMaxThreads(kThreads);
  params->setMaxQueued(kBacklog);
  params->setKeepAlive(false);
  params->setTimeout(Poco::Timespan(30, 0));
  return params;
}

Listener listenerOf(const char* scheme, const ServerOptions& options, const Poco::Net::HTTPServer& server) {
  if (!options.publicUrl.empty()) return {.url = options.publicUrl, .fixed = true};
  const std::string name =
      options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
  return {.url = std::string(scheme) + "://" + name + ":" + std::to_string(server.port()), .fixed = false};
}

Poco::Net::SocketAddress addressOf(const std::string& host, int port) {
  return {host, static_cast<Poco::UInt16>(port)};
}

}  // namespace

Server::Server(const ServerOptions& options, Registry& registry)
    : threads_(std::make_unique<Poco::ThreadPool>(4, 2 * kThreads)) {
  const Poco::Net::ServerSocket socket(addressOf(options.host, options.port), kBacklog);
  http_ = std::make_unique<Poco::Net::HTTPServer>(new HandlerFactory(registry, httpListener_), *threads_,
                                                  socket, serverParams());
  httpListener_ = listenerOf("http", options, *http_);
  if (options.httpsPort >= 0) listenSecurely(options, registry);
  http_->start();
  if (https_) https_->start();
}

void Server::listenSecurely(const ServerOptions& options, Registry& registry) {
  const auto files = ensureCertificate(options.stateDir, {"localhost", "127.0.0.1", "::1", options.host});
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, files.key.string(),
                             files.certificate.string(), "", Poco::Net::Context::VERIFY_NONE);
  const Poco::Net::SecureServerSocket socket(addressOf(options.host, options.httpsPort), kBacklog, context);
  https_ = std::make_unique<Poco::Net::HTTPServer>(new HandlerFactory(registry, httpsListener_), *threads_,
                                                   socket, serverParams());
  httpsListener_ = listenerOf("https", options, *https_);
}

Server::~Server() {
  http_->stopAll(true);
  if (https_) https_->stopAll(true);
  threads_->joinAll();
}

}  // namespace sandbox
