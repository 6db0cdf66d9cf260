#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace agw {

/// Blocks SIGTERM, SIGINT and SIGHUP in this thread and all that it starts, and ignores SIGPIPE. First thing
/// of a process that has `SignalThread`; a signal that comes before that waits.
void blockSignals();

/// Waits for signals on a thread of its own, so that what they start runs as ordinary code.
class SignalThread {
 public:
  struct Actions {
    std::function<void()>
        stop;  ///< first SIGTERM or SIGINT; a second one ends the process at once, exit code 1
    std::function<void()> reload;  ///< SIGHUP, until `stop` was called
  };
  explicit SignalThread(Actions actions);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void run();

  Actions actions_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace agw
