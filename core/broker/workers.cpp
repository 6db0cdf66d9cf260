#include "broker/workers.hpp"

#include <utility>

namespace agw {

Workers::Workers(std::size_t threads, std::size_t queue) : perProvider_(threads / 2), limit_(queue) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

bool Workers::submit(const std::string& provider, const std::string& key, std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  auto& queue = queues_[provider];
  if (ending_ || queue.waiting.size() >= limit_ || !keys_.insert(key).second) return false;
  queue.waiting.push_back({key, std::move(job)});
  ++unfinished_;
  changed_.notify_one();
  return true;
}

bool Workers::waitUntilIdle(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [&] { return unfinished_ == 0; });
}

std::map<std::string, Workers::Queue>::iterator Workers::next() {
  auto candidate = queues_.upper_bound(last_);
  for (std::size_t i = 0; i < queues_.size(); ++i, ++candidate) {
    if (candidate == queues_.end()) candidate = queues_.begin();
    if (!candidate->second.waiting.empty() && candidate->second.running < perProvider_) return candidate;
  }
  return queues_.end();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto found = next();
    if (found == queues_.end()) {
      changed_.wait(lock);
      continue;
    }
    auto& [provider, queue] = *found;
    last_ = provider;
    const Job job = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    keys_.erase(job.key);
    ++queue.running;
    lock.unlock();
    job.run();
    lock.lock();
    --queue.running;
    if (--unfinished_ == 0) idle_.notify_all();
    changed_.notify_one();
  }
}

}  // namespace agw
