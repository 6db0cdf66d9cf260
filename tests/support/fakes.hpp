#pragma once

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace agw::test {

/// Time is a number that the test advances. Safe to call from many threads.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimePoint start = fromMillis(1'767'225'600'000)) : millis_(toMillis(start)) {}
  [[nodiscard]] TimePoint now() const override { return fromMillis(millis_.load()); }
  void advance(std::chrono::milliseconds by) { millis_ += by.count(); }

 private:
  std::atomic<std::int64_t> millis_;
};

/// Repeats itself from its seed. Not for anything but tests.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  Result<std::string> bytes(std::size_t count) override {
    if (broken) return Error{.kind = ErrorKind::Bug, .message = "The system gives no random numbers."};
    const std::lock_guard lock(mutex_);
    std::string octets(count, '\0');
    for (char& octet : octets) octet = static_cast<char>(engine_() & 255U);
    return octets;
  }
  std::atomic<bool> broken{false};

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

/// Keeps every event as text, at every level, so that tests can search it.
class RecordingLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string line(event);
    for (const auto& field : fields) line += " " + std::string(field.name) + "=" + field.value;
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace agw::test
