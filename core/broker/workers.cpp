#include "broker/workers.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace agw {

using std::chrono::milliseconds;

Workers::Workers(std::size_t threads, Turn turn)
    : most_(threads), perProvider_(threads / 2), turn_(std::move(turn)) {}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

bool Workers::submit(const std::string& provider, const std::string& key, std::size_t limit,
                     std::function<void()> job) {
  if (most_ == 0) {
    const bool now = turn_(provider) == milliseconds(0);
    if (now) job();
    return now;
  }
  const std::lock_guard lock(mutex_);
  auto& queue = queues_[provider];
  if (ending_ || queue.waiting.size() >= limit || !keys_.insert(key).second) return false;
  queue.waiting.push_back({key, std::move(job)});
  ++unfinished_;
  startThread();
  changed_.notify_one();
  return true;
}

std::size_t Workers::waiting(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(provider);
  return found == queues_.end() ? 0 : found->second.waiting.size();
}

bool Workers::waitUntilIdle(milliseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [&] { return unfinished_ == 0; });
}

void Workers::startThread() {
  if (ending_ || resting_ > 0 || threads_.size() >= most_) return;
  try {
    threads_.emplace_back([this] { work(); });
    ++resting_;
  } catch (const std::system_error&) {
    // The system gives no more threads: those that are there go on, and the next job tries again.
  }
}

Workers::Place Workers::next(std::optional<milliseconds>& wait) {
  auto candidate = queues_.upper_bound(last_);
  for (std::size_t i = 0; i < queues_.size(); ++i, ++candidate) {
    if (candidate == queues_.end()) candidate = queues_.begin();
    const auto& [provider, queue] = *candidate;
    if (queue.waiting.empty() || queue.running >= perProvider_) continue;
    const auto time = turn_(provider);
    if (time == milliseconds(0)) return candidate;
    wait = std::min(wait.value_or(time), time);
  }
  return queues_.end();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    std::optional<milliseconds> wait;
    const auto found = next(wait);
    if (found == queues_.end()) {
      if (wait && !timed_) {
        timed_ = true;
        changed_.wait_for(lock, *wait);
        timed_ = false;
      } else {
        changed_.wait(lock);
      }
      continue;
    }
    auto& [provider, queue] = *found;
    last_ = provider;
    const Job job = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    keys_.erase(job.key);
    ++queue.running;
    --resting_;
    startThread();
    changed_.notify_one();  // somebody else looks for the next one, and for the time
    lock.unlock();
    job.run();
    lock.lock();
    ++resting_;
    --queue.running;
    if (--unfinished_ == 0) idle_.notify_all();
  }
}

}  // namespace agw
