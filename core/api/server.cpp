#include "api/server.hpp"

#include <Poco/Exception.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "api/edge/edge_server.hpp"

namespace agw::api {
namespace {

constexpr int kBacklog = 4'096;

Result<Poco::Net::ServerSocket> listenAt(const ServerSettings& settings) {
  const std::string place = settings.host + ":" + std::to_string(settings.port);
  try {
    const Poco::Net::SocketAddress address(settings.host, static_cast<Poco::UInt16>(settings.port));
    Poco::Net::ServerSocket socket;
    socket.bind(address, true, false);
    // Inherited by every accepted socket: an answer is one segment and need not wait for more.
    socket.setOption(IPPROTO_TCP, TCP_NODELAY, 1);
    socket.listen(kBacklog);
    socket.setBlocking(false);
    return socket;
  } catch (const Poco::Exception& fault) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "Cannot listen at " + place + " (" + fault.displayText() +
                            "). End the program that uses this port, or set HOST and PORT.",
                 .detail = fault.displayText()};
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings, Handler handler, Random& random,
                                              Log& log, Metrics& metrics, AnswerObserver* observer) {
  auto proxies = TrustedProxies::parse(settings.trustedProxies);
  if (!proxies) {
    return Error{.kind = ErrorKind::BadOption, .message = "Trusted proxies: " + proxies.error().message};
  }
  auto transports = makeTransportFactory(settings);
  if (!transports) return std::move(transports).error();
  auto listener = listenAt(settings);
  if (!listener) return std::move(listener).error();
  auto server =
      std::make_unique<EdgeServer>(std::move(settings), std::move(handler), std::move(*proxies),
                                   std::move(*transports), *listener, random, log, metrics, observer);
  if (!server->run()) {
    return Error{
        .kind = ErrorKind::BadOption,
        .message =
            "The system gives no threads or file descriptors for the server. Raise the limits of this "
            "process (ulimit -n, ulimit -u)."};
  }
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace agw::api
