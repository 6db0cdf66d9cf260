#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace agw {

/// A few threads for work that nobody waits for. Each provider has a queue of its own and at most half of the
/// threads, so that one that does not answer leaves the others theirs. Safe to call from many threads.
class Workers {
 public:
  /// `threads`: at least 2. `queue`: jobs that may wait for each provider.
  Workers(std::size_t threads, std::size_t queue);
  /// Forgets what waits and ends when what runs has ended.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False when `key` waits already or the provider's queue is full: nothing happened. `job` must not throw.
  bool submit(const std::string& provider, const std::string& key, std::function<void()> job);
  /// True once nothing waits or runs, false when that takes longer than `limit`.
  bool waitUntilIdle(std::chrono::milliseconds limit);

 private:
  struct Job {
    std::string key;
    std::function<void()> run;
  };
  struct Queue {
    std::deque<Job> waiting;
    std::size_t running = 0;
  };
  void work();
  /// The queue to serve next, after the one served last; null when none may be served now.
  std::map<std::string, Queue>::iterator next();

  const std::size_t perProvider_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::size_t unfinished_ = 0;
  std::map<std::string, Queue> queues_;
  std::set<std::string> keys_;
  std::string last_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace agw
