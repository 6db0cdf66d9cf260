#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "api/edge/epoll.hpp"
#include "api/edge/fair_queue.hpp"

namespace agw::api {

/// Gives the threads of a server what they shall serve next. Safe to call from many threads.
///
/// While a thread is free, an event goes to it straight from the kernel. When all are busy, those that become
/// free gather what has arrived meanwhile and take it by turns of the callers (`FairQueue`). What has waited
/// longer than `patience` is late: whoever sent it has given up by now, or soon will, and an answer that
/// costs work would only make the next one late as well.
class Dispatcher {
 public:
  struct Job {
    Epoll::Event event;
    bool late = false;
    bool nobodyElseIsFree = false;
  };
  /// Whose the connection at that index is.
  using GroupOf = std::function<std::uint64_t(int index)>;

  Dispatcher(Epoll& epoll, GroupOf groupOf, std::chrono::milliseconds patience);

  /// Waits for work, at most `idleMillis`; Nothing when none came.
  [[nodiscard]] Job next(int idleMillis);
  /// While every thread is busy: clients that wait to be accepted, or a connection that is late, if there are
  /// any. For a thread that does nothing else, so that both get an answer though all handlers wait.
  [[nodiscard]] std::optional<Job> nextLate();
  /// Connections that wait for a thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  /// With the mutex held: takes what has arrived out of the kernel.
  void gather(std::int64_t now);
  void take(const Epoll::Event& event, std::int64_t now);
  std::optional<Job> ready(std::int64_t now);

  Epoll& epoll_;
  const GroupOf groupOf_;
  const std::int64_t patience_;
  mutable std::mutex mutex_;
  FairQueue queue_;
  std::int64_t gatheredAt_ = 0;
  int idle_ = 0;  ///< threads that wait in the kernel
  bool listener_ = false;
  bool end_ = false;
};

}  // namespace agw::api
