#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

namespace agw::api {

/// Threads that all run the same loop. Keeps `minThreads` of them free of stalled work: when some have been
/// busy for long, because a handler waits for a provider, others are started beside them, up to `maxThreads`.
class WorkerPool {
 public:
  class Worker {
   public:
    void beginWork(std::int64_t now) { busySince_.store(now, std::memory_order_relaxed); }
    void endWork() { busySince_.store(0, std::memory_order_relaxed); }

   private:
    friend class WorkerPool;
    std::atomic<std::int64_t> busySince_{0};
  };
  /// Returns when the thread may end.
  using Loop = std::function<void(Worker&)>;

  WorkerPool(int minThreads, int maxThreads, Loop loop);
  /// The loops must have been told to return; waits for them, and for what libraries do at the end of a
  /// thread.
  ~WorkerPool();

  /// False when the system gives no thread at all.
  [[nodiscard]] bool start();
  /// Looks for workers that have been busy since before `stalledBefore` and makes up for them.
  void replaceStalled(std::int64_t stalledBefore);
  /// Asked by a worker that had nothing to do for a while: true when it may end, which it then must.
  [[nodiscard]] bool retires();
  [[nodiscard]] int size() const;

 private:
  static void* run(void* seat);
  bool spawn();

  struct Seat {
    WorkerPool* pool = nullptr;
    std::list<Seat>::iterator self;
    Worker worker;
  };

  const int minThreads_;
  const int maxThreads_;
  const Loop loop_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::list<Seat> seats_;  ///< one a running thread
  int retiring_ = 0;       ///< of `seats_`, those that were allowed to end
  /// Joined by the next thread that ends, or by the destructor.
  std::optional<pthread_t> lastEnded_;
};

}  // namespace agw::api
