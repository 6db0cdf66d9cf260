#include "app/periodic.hpp"

namespace agw {

Periodic::Periodic(std::chrono::milliseconds pause, Random& random, std::function<void()> work)
    : pause_(pause), random_(random), work_(std::move(work)), thread_([this] { run(); }) {}

Periodic::~Periodic() {
  end();
  thread_.join();
}

void Periodic::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void Periodic::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

std::chrono::milliseconds Periodic::nextPause() {
  constexpr int kSteps = 256;
  const auto octet = random_.bytes(1);
  const int step = octet ? static_cast<unsigned char>(octet->front()) : kSteps / 2;
  return pause_ * 4 / 5 + pause_ * 2 / 5 * step / kSteps;
}

void Periodic::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, nextPause(), [this] { return ending_ || woken_; });
      if (ending_) return;
      woken_ = false;
    }
    work_();
  }
}

}  // namespace agw
