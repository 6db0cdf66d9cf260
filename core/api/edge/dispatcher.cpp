#include "api/edge/dispatcher.hpp"

#include <array>

namespace agw::api {
namespace {

constexpr std::size_t kBatch = 256;

}  // namespace

Dispatcher::Dispatcher(Epoll& epoll, GroupOf groupOf, std::chrono::milliseconds patience)
    : epoll_(epoll), groupOf_(std::move(groupOf)), patience_(patience.count()) {}

Dispatcher::Job Dispatcher::next(int idleMillis) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto now = ticks();
    // Threads that wait in the kernel are woken by it; gathering would only take their work away.
    if (idle_ == 0 && (queue_.size() == 0 || now != gatheredAt_)) gather(now);
    if (auto job = ready(now)) return *job;
    ++idle_;
    lock.unlock();
    const auto event = epoll_.wait(idleMillis);
    lock.lock();
    --idle_;
    if (event.what == Epoll::Event::What::Nothing) return {};
    take(event, ticks());
  }
}

std::optional<Dispatcher::Job> Dispatcher::nextLate() {
  const std::lock_guard lock(mutex_);
  if (idle_ > 0) return std::nullopt;
  const auto now = ticks();
  if (now != gatheredAt_) gather(now);
  if (end_) return std::nullopt;
  if (listener_) {
    listener_ = false;
    return Job{.event = {.what = Epoll::Event::What::Listener}};
  }
  const auto waiting = queue_.popOlderThan(now - patience_);
  if (!waiting) return std::nullopt;
  return Job{.event = {Epoll::Event::What::Connection, waiting->index, waiting->generation}, .late = true};
}

std::size_t Dispatcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Dispatcher::gather(std::int64_t now) {
  gatheredAt_ = now;
  std::array<Epoll::Event, kBatch> events;
  std::size_t count = 0;
  do {
    count = epoll_.poll(events);
    for (std::size_t at = 0; at < count; ++at) take(events[at], now);
  } while (count == events.size() && !end_);
}

void Dispatcher::take(const Epoll::Event& event, std::int64_t now) {
  switch (event.what) {
    case Epoll::Event::What::Connection:
      queue_.push(groupOf_(event.index), {event.index, event.generation, now});
      break;
    case Epoll::Event::What::Listener:
      listener_ = true;
      break;
    case Epoll::Event::What::End:
      end_ = true;
      break;
    case Epoll::Event::What::Nothing:
      break;
  }
}

std::optional<Dispatcher::Job> Dispatcher::ready(std::int64_t now) {
  Job job;
  job.nobodyElseIsFree = idle_ == 0;
  if (end_) {
    job.event.what = Epoll::Event::What::End;
    return job;
  }
  if (listener_) {
    listener_ = false;
    job.event.what = Epoll::Event::What::Listener;
    return job;
  }
  const auto waiting = queue_.pop();
  if (!waiting) return std::nullopt;
  job.event = {Epoll::Event::What::Connection, waiting->index, waiting->generation};
  job.late = waiting->since < now - patience_;
  return job;
}

}  // namespace agw::api
