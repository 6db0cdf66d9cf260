#include "app/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace agw {
namespace {

// Sent by the destructor; nobody else has a reason to.
constexpr int kEnd = SIGUSR1;

sigset_t waitedFor() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, kEnd}) sigaddset(&set, signal);
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
  ::pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

void SignalThread::run() {
  const sigset_t set = waitedFor();
  bool stopping = false;
  while (true) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0 || signal == kEnd) return;
    if (signal == SIGHUP) {
      actions_.reload();
    } else if (stopping) {
      ::_exit(1);
    } else {
      stopping = true;
      actions_.stop();
    }
  }
}

}  // namespace agw
