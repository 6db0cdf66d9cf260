#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "api/edge/connection.hpp"

namespace agw::api {

/// The one epoll instance that all threads wait on. Events of sockets come once and are armed again by
/// whoever served them; the end is told to all. Safe to call from many threads.
class Epoll {
 public:
  struct Event {
    enum class What { Nothing, Listener, Connection, End } what = What::Nothing;
    int index = 0;
    std::uint32_t generation = 0;
  };

  Epoll();
  ~Epoll();
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  [[nodiscard]] bool valid() const { return epoll_ >= 0 && end_ >= 0; }
  bool addListener(int descriptor);
  void armListener(int descriptor);
  bool add(int descriptor, int index, std::uint32_t generation);
  void arm(int descriptor, int index, std::uint32_t generation, Connection::Wait wait);
  void remove(int descriptor);
  /// Nothing after `timeoutMillis` without an event.
  [[nodiscard]] Event wait(int timeoutMillis);
  /// What has arrived already, without waiting; how many of `events` were filled.
  [[nodiscard]] std::size_t poll(std::span<Event> events);
  /// From now on every `wait` answers End.
  void end();

 private:
  int epoll_;
  int end_;
};

}  // namespace agw::api
