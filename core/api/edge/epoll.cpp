#include "api/edge/epoll.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace agw::api {
namespace {

constexpr std::uint64_t kListener = ~std::uint64_t{0};
constexpr std::uint64_t kEnd = kListener - 1;
constexpr std::size_t kMostAtOnce = 256;

epoll_event eventFor(std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return event;
}

std::uint64_t place(int index, std::uint32_t generation) {
  return static_cast<std::uint64_t>(index) << 32U | generation;
}

Epoll::Event eventOf(std::uint64_t data) {
  if (data == kEnd) return {.what = Epoll::Event::What::End};
  if (data == kListener) return {.what = Epoll::Event::What::Listener};
  return {.what = Epoll::Event::What::Connection,
          .index = static_cast<int>(data >> 32U),
          .generation = static_cast<std::uint32_t>(data)};
}

}  // namespace

Epoll::Epoll() : epoll_(epoll_create1(EPOLL_CLOEXEC)), end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  auto event = eventFor(EPOLLIN, kEnd);
  if (valid()) epoll_ctl(epoll_, EPOLL_CTL_ADD, end_, &event);
}

Epoll::~Epoll() {
  if (end_ >= 0) ::close(end_);
  if (epoll_ >= 0) ::close(epoll_);
}

bool Epoll::addListener(int descriptor) {
  auto event = eventFor(EPOLLIN | EPOLLONESHOT, kListener);
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Epoll::armListener(int descriptor) {
  auto event = eventFor(EPOLLIN | EPOLLONESHOT, kListener);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

bool Epoll::add(int descriptor, int index, std::uint32_t generation) {
  auto event = eventFor(EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, place(index, generation));
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Epoll::arm(int descriptor, int index, std::uint32_t generation, Connection::Wait wait) {
  const std::uint32_t events = wait == Connection::Wait::Writable ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  auto event = eventFor(events | EPOLLONESHOT, place(index, generation));
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

void Epoll::remove(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

Epoll::Event Epoll::wait(int timeoutMillis) {
  epoll_event event{};
  if (epoll_wait(epoll_, &event, 1, timeoutMillis) != 1) return {};
  return eventOf(event.data.u64);
}

std::size_t Epoll::poll(std::span<Event> events) {
  std::array<epoll_event, kMostAtOnce> found{};
  const auto room = static_cast<int>(std::min(events.size(), found.size()));
  const int count = std::max(epoll_wait(epoll_, found.data(), room, 0), 0);
  for (std::size_t at = 0; at < static_cast<std::size_t>(count); ++at)
    events[at] = eventOf(found[at].data.u64);
  return static_cast<std::size_t>(count);
}

void Epoll::end() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(end_, &one, sizeof one);
}

}  // namespace agw::api
