#include "app/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace agw {

std::size_t raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

int connectionsWithin(std::size_t descriptors) {
  constexpr std::size_t kMost = 8'192;
  constexpr std::size_t kOthers = 1'024;  // a call to a provider for each of 768 threads, and some
  const auto spare = descriptors > kOthers ? descriptors - kOthers : 0;
  return static_cast<int>(std::clamp<std::size_t>(std::max(spare, descriptors / 2), 1, kMost));
}

}  // namespace agw
