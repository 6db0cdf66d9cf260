#include "api/edge/edge_server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/edge/request_id.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;

constexpr int kSurplusIdleMillis = 10'000;
constexpr auto kShortestTick = 5ms;
constexpr auto kLongestTick = 100ms;
/// Then deadlines are looked after again.
constexpr int kMostLateAtOnce = 1'000;

std::chrono::milliseconds tickOf(const ServerSettings& settings) {
  const auto shortest =
      std::min({settings.headDeadline, settings.bodyDeadline, settings.idleDeadline, settings.writeDeadline});
  return std::clamp<std::chrono::milliseconds>(shortest / 10, kShortestTick, kLongestTick);
}

}  // namespace

EdgeServer::EdgeServer(ServerSettings settings, Handler handler, TrustedProxies proxies,
                       std::unique_ptr<TransportFactory> transports, const Poco::Net::ServerSocket& listener,
                       Random& random, Log& log, Metrics& metrics, AnswerObserver* observer)
    : settings_(std::move(settings)),
      handler_(std::move(handler)),
      proxies_(std::move(proxies)),
      transports_(std::move(transports)),
      listener_(listener),
      port_(listener_.address().port()),
      log_(log),
      connections_(metrics.gauge("auth_gateway_http_connections", "Open connections.")),
      threads_(metrics.gauge("auth_gateway_http_threads", "Threads that serve connections.")),
      waiting_(
          metrics.gauge("auth_gateway_http_waiting", "Connections with a request that wait for a thread.")),
      largeBodies_(settings_.largeBodies),
      context_{settings_, handler_, proxies_, random, log, observer, largeBodies_},
      table_(settings_.maxConnections, settings_.maxConnectionsPerPeer),
      dispatcher_(
          epoll_, [this](int index) { return table_.at(index).group.load(std::memory_order_relaxed); },
          settings_.patience),
      pool_(settings_.minThreads, settings_.maxThreads,
            [this](WorkerPool::Worker& worker) { work(worker); }) {}

EdgeServer::~EdgeServer() {
  stop(0ms);
  {
    const std::lock_guard lock(timeMutex_);
    ending_ = true;
  }
  timeChanged_.notify_all();
  if (timeKeeper_.joinable()) timeKeeper_.join();
  epoll_.end();
}

bool EdgeServer::run() {
  if (!epoll_.valid() || !epoll_.addListener(listener_.impl()->sockfd())) return false;
  if (!pool_.start()) return false;
  timeKeeper_ = std::thread([this] { keepTime(); });
  return true;
}

void EdgeServer::stop(std::chrono::milliseconds limit) {
  if (!context_.stopping.exchange(true)) {
    epoll_.remove(listener_.impl()->sockfd());
    ::shutdown(listener_.impl()->sockfd(), SHUT_RDWR);  // clients are refused from now on
  }
  if (!timeKeeper_.joinable()) return;
  sweep();
  table_.waitUntilEmpty(limit);
}

// ---- workers
// ----------------------------------------------------------------------------------------------------

void EdgeServer::work(WorkerPool::Worker& worker) {
  while (true) {
    const auto job = dispatcher_.next(kSurplusIdleMillis);
    if (job.event.what == Epoll::Event::What::End) return;
    if (job.event.what == Epoll::Event::What::Nothing) {
      if (pool_.retires()) return;
      continue;
    }
    if (job.nobodyElseIsFree) noticePressure();
    worker.beginWork(ticks());
    if (job.event.what == Epoll::Event::What::Listener) {
      acceptAll();
    } else {
      serve(job.event, job.late);
    }
    worker.endWork();
  }
}

void EdgeServer::serve(const Epoll::Event& event, bool late) {
  Slot& slot = table_.at(event.index);
  const std::lock_guard lock(slot.mutex);
  if (slot.generation != event.generation || !slot.connection) return;
  settle(slot, event.index, slot.connection->serve(late));
}

void EdgeServer::serveLate() {
  for (int count = 0; count < kMostLateAtOnce; ++count) {
    const auto job = dispatcher_.nextLate();
    if (!job) return;
    if (job->event.what == Epoll::Event::What::Listener) {
      acceptAll();
    } else {
      serve(job->event, true);
    }
  }
}

void EdgeServer::settle(Slot& slot, int index, Connection::Wait wait) {
  if (wait == Connection::Wait::Closed || (context_.stopping && slot.connection->idle())) {
    close(slot, index);
  } else {
    slot.group.store(slot.connection->group(), std::memory_order_relaxed);
    epoll_.arm(slot.descriptor, index, slot.generation, wait);
  }
}

void EdgeServer::close(Slot& slot, int index) {
  const std::string group = groupOf(slot.connection->peer());
  slot.connection.reset();
  slot.descriptor = -1;
  ++slot.generation;
  table_.release(index, group);
}

std::string EdgeServer::groupOf(const PeerAddress& peer) const {
  // All clients behind a proxy come from its address.
  return proxies_.trusts(peer) ? std::string() : peer.group();
}

// ---- accepting
// --------------------------------------------------------------------------------------------------

void EdgeServer::acceptAll() {
  const int listener = listener_.impl()->sockfd();
  while (!context_.stopping) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int descriptor =
        ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      admit(descriptor, PeerAddress::of(reinterpret_cast<sockaddr*>(&address)));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log_.write(LogLevel::Warning, "accept_paused", {{"reason", "no descriptors left"}});
      acceptPaused_ = true;  // armed again by the keeper of time, when some may be free
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == EBADF || errno == EINVAL) return;
  }
  if (!context_.stopping) epoll_.armListener(listener);
}

void EdgeServer::admit(int descriptor, const PeerAddress& peer) {
  const std::string group = groupOf(peer);
  const int index = table_.take(group);
  if (index < 0) return turnAway(descriptor);
  auto transport = transports_->adopt(descriptor);
  if (!transport) return table_.release(index, group);
  Slot& slot = table_.at(index);
  const std::lock_guard lock(slot.mutex);
  slot.descriptor = descriptor;
  slot.connection = std::make_unique<Connection>(context_, std::move(transport), peer);
  slot.group.store(slot.connection->group(), std::memory_order_relaxed);
  if (!epoll_.add(descriptor, index, slot.generation)) close(slot, index);
}

void EdgeServer::turnAway(int descriptor) {
  log_.write(LogLevel::Warning, "connection_turned_away", {{"reason", "too many connections"}});
  if (settings_.certificateFile.empty()) {
    const std::string id = newRequestId(context_.random);
    std::string out;
    writeAnswer(faultResponse({.status = 503, .message = "Too many connections. Try again shortly."}, id),
                {.requestId = id, .keepAlive = false}, out);
    [[maybe_unused]] const auto sent =
        ::send(descriptor, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(descriptor, SHUT_WR);
  }
  ::close(descriptor);
}

// ---- time
// -------------------------------------------------------------------------------------------------------

void EdgeServer::noticePressure() {
  if (pressure_.exchange(true, std::memory_order_relaxed)) return;
  timeChanged_.notify_one();
}

void EdgeServer::keepTime() {
  const auto tick = tickOf(settings_);
  auto lastSweep = std::chrono::steady_clock::now();
  std::unique_lock lock(timeMutex_);
  while (!ending_) {
    if (pressure_.exchange(false, std::memory_order_relaxed) || dispatcher_.waiting() > 0) {
      timeChanged_.wait_for(lock, kShortestTick, [&] { return ending_; });
      pool_.replaceStalled(ticks() - settings_.stall.count() + 1);
    } else {
      timeChanged_.wait_for(lock, tick);
    }
    lock.unlock();
    serveLate();
    if (std::chrono::steady_clock::now() - lastSweep >= tick) {
      lastSweep = std::chrono::steady_clock::now();
      sweep();
      showLoad();
      if (acceptPaused_.exchange(false) && !context_.stopping) epoll_.armListener(listener_.impl()->sockfd());
    }
    lock.lock();
  }
}

void EdgeServer::showLoad() {
  connections_.set(table_.open());
  threads_.set(pool_.size());
  waiting_.set(static_cast<double>(dispatcher_.waiting()));
}

void EdgeServer::sweep() {
  const auto now = ticks();
  const int used = table_.used();
  for (int index = 0; index < used; ++index) {
    Slot& slot = table_.at(index);
    const std::unique_lock lock(slot.mutex, std::try_to_lock);
    if (!lock.owns_lock() || !slot.connection) continue;
    if (context_.stopping && slot.connection->idle()) {
      close(slot, index);
    } else if (slot.connection->deadline() <= now) {
      settle(slot, index, slot.connection->expire());
    }
  }
}

}  // namespace agw::api
