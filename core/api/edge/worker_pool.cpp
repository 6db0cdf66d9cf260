#include "api/edge/worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace agw::api {
namespace {

/// Handlers keep little on the stack; hundreds of them may wait at the same time.
constexpr std::size_t kStack = 512U << 10;

}  // namespace

WorkerPool::WorkerPool(int minThreads, int maxThreads, Loop loop)
    : minThreads_(std::max(minThreads, 1)),
      maxThreads_(std::max(maxThreads, minThreads)),
      loop_(std::move(loop)) {}

WorkerPool::~WorkerPool() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return seats_.empty(); });
  if (lastEnded_) pthread_join(*lastEnded_, nullptr);
}

bool WorkerPool::start() {
  const std::lock_guard lock(mutex_);
  for (int count = 0; count < minThreads_; ++count) {
    if (!spawn()) break;
  }
  return !seats_.empty();
}

bool WorkerPool::spawn() {
  auto seat = seats_.emplace(seats_.end());
  seat->pool = this;
  seat->self = seat;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const bool made = pthread_create(&thread, &attributes, &WorkerPool::run, &*seat) == 0;
  pthread_attr_destroy(&attributes);
  if (!made) seats_.erase(seat);
  return made;
}

void* WorkerPool::run(void* argument) {
  auto* seat = static_cast<Seat*>(argument);
  WorkerPool& pool = *seat->pool;
  pool.loop_(seat->worker);
  std::optional<pthread_t> before;
  {
    const std::lock_guard lock(pool.mutex_);
    before = std::exchange(pool.lastEnded_, pthread_self());
    pool.seats_.erase(seat->self);
    if (pool.retiring_ > 0) --pool.retiring_;
    pool.ended_.notify_all();
  }
  if (before) pthread_join(*before, nullptr);
  return nullptr;
}

void WorkerPool::replaceStalled(std::int64_t stalledBefore) {
  const std::lock_guard lock(mutex_);
  int stalled = 0;
  for (const auto& seat : seats_) {
    const auto since = seat.worker.busySince_.load(std::memory_order_relaxed);
    if (since != 0 && since < stalledBefore) ++stalled;
  }
  const int running = static_cast<int>(seats_.size()) - retiring_;
  if (running - stalled >= minThreads_) return;
  // A crowd that waits together arrives together: grow by as many, not one by one.
  const int wanted = std::max(minThreads_ - (running - stalled), stalled);
  const int room = maxThreads_ - static_cast<int>(seats_.size());
  for (int count = 0; count < std::min(wanted, room); ++count) {
    if (!spawn()) return;
  }
}

bool WorkerPool::retires() {
  const std::lock_guard lock(mutex_);
  if (static_cast<int>(seats_.size()) - retiring_ <= minThreads_) return false;
  ++retiring_;
  return true;
}

int WorkerPool::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(seats_.size());
}

}  // namespace agw::api
