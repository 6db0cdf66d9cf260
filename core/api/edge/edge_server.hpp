#pragma once

#include <Poco/Net/ServerSocket.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/edge/connection_table.hpp"
#include "api/edge/dispatcher.hpp"
#include "api/edge/epoll.hpp"
#include "api/edge/worker_pool.hpp"
#include "api/server.hpp"

namespace agw::api {

/// The server of server.hpp. docs/adr/0004-http-edge.md tells why it is built so.
class EdgeServer final : public Server {
 public:
  EdgeServer(ServerSettings settings, Handler handler, TrustedProxies proxies,
             std::unique_ptr<TransportFactory> transports, const Poco::Net::ServerSocket& listener,
             Random& random, Log& log, Metrics& metrics, AnswerObserver* observer);
  ~EdgeServer() override;

  /// False when the system gives no threads or descriptors.
  [[nodiscard]] bool run();
  [[nodiscard]] int port() const override { return port_; }
  [[nodiscard]] Result<bool> reloadCertificate() override { return transports_->reload(); }
  void stop(std::chrono::milliseconds limit) override;

 private:
  void work(WorkerPool::Worker& worker);
  void acceptAll();
  void admit(int descriptor, const PeerAddress& peer);
  void turnAway(int descriptor);
  void serve(const Epoll::Event& event, bool late);
  /// While all threads are busy: accepts, and tells those that have waited too long.
  void serveLate();
  /// With the slot's mutex held: waits for the next event, or ends the connection.
  void settle(Slot& slot, int index, Connection::Wait wait);
  void close(Slot& slot, int index);
  [[nodiscard]] std::string groupOf(const PeerAddress& peer) const;

  void keepTime();
  /// Ends what is past its deadline; while stopping, what is idle too.
  void sweep();
  void noticePressure();
  void showLoad();

  const ServerSettings settings_;
  const Handler handler_;
  const TrustedProxies proxies_;
  const std::unique_ptr<TransportFactory> transports_;
  Poco::Net::ServerSocket listener_;
  const int port_;
  Log& log_;
  Gauge& connections_;
  Gauge& threads_;
  Gauge& waiting_;
  LargeBodies largeBodies_;
  EdgeContext context_;
  Epoll epoll_;
  ConnectionTable table_;
  Dispatcher dispatcher_;

  std::atomic<bool> pressure_{false};      ///< no thread was idle lately
  std::atomic<bool> acceptPaused_{false};  ///< no descriptors were left
  std::mutex timeMutex_;
  std::condition_variable timeChanged_;
  bool ending_ = false;
  std::thread timeKeeper_;
  WorkerPool pool_;  ///< last: its threads use all of the above
};

}  // namespace agw::api
