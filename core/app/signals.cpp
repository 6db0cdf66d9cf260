#include "app/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace agw {
namespace {

/// Wakes the thread when it shall end. Others may send it too; then it means nothing.
constexpr int kWake = SIGUSR1;

sigset_t waitedFor() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, kWake}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void blockSignals() {
  const sigset_t set = waitedFor();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

SignalThread::SignalThread(Actions actions) : actions_(std::move(actions)), thread_([this] { run(); }) {}

SignalThread::~SignalThread() {
  ending_ = true;
  ::pthread_kill(thread_.native_handle(), kWake);
  thread_.join();
}

void SignalThread::run() {
  const sigset_t set = waitedFor();
  bool stopping = false;
  while (true) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0 || ending_) return;
    if (signal == kWake) continue;
    if (signal == SIGHUP) {
      if (!stopping) actions_.reload();
    } else if (stopping) {
      ::_exit(1);
    } else {
      stopping = true;
      actions_.stop();
    }
  }
}

}  // namespace agw
