#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace agw {

/// Threads for work that nobody waits for, started as they are needed. Each provider has a queue of its own
/// and at most half of the threads, so that one that does not answer leaves the others theirs, and its jobs
/// start at its own pace. Safe to call from many threads.
class Workers {
 public:
  /// Zero: the next job of this provider starts now, and is counted. Otherwise how long it has to wait.
  using Turn = std::function<std::chrono::milliseconds(const std::string& provider)>;

  /// `threads`: the most there will be, at least 2; or 0: a job whose turn it is runs in `submit`, others are
  /// refused. For tests that steer threads.
  Workers(std::size_t threads, Turn turn);
  /// Forgets what waits and ends when what runs has ended.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False when `key` waits already or `limit` jobs of the provider do: nothing happened. `job` must not
  /// throw.
  bool submit(const std::string& provider, const std::string& key, std::size_t limit,
              std::function<void()> job);
  /// Jobs of the provider that have not begun.
  [[nodiscard]] std::size_t waiting(const std::string& provider);
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
  using Place = std::map<std::string, Queue>::iterator;
  void work();
  void startThread();
  /// The queue to serve next, after the one served last; its end when none may be served before `wait`.
  Place next(std::optional<std::chrono::milliseconds>& wait);

  const std::size_t most_;
  const std::size_t perProvider_;
  const Turn turn_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::size_t unfinished_ = 0;
  std::map<std::string, Queue> queues_;
  std::set<std::string> keys_;
  std::string last_;
  std::size_t resting_ = 0;  // threads without a job
  bool timed_ = false;       // one of them waits for a turn to come, the rest for a job
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace agw
