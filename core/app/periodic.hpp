#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/random.hpp"

namespace agw {

/// Runs something again and again on a thread of its own, the pauses spread by a fifth either way, so that
/// replicas do not act in step. The work must not throw. Ends, after the work that is under way, with the
/// object.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds pause, Random& random, std::function<void()> work);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  /// No round begins after this; does not wait for the one under way.
  void end();
  /// Runs the work as soon as possible; any number of calls before that are one.
  void wake();

 private:
  void run();
  [[nodiscard]] std::chrono::milliseconds nextPause();

  std::chrono::milliseconds pause_;
  Random& random_;
  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace agw
