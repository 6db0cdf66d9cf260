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

int connectionsWithin(std::size_t descriptors, int most) {
  constexpr std::size_t kOthers = 1'024;  // a call to a provider for each of 768 threads, and some
  const auto spare = descriptors > kOthers ? descriptors - kOthers : 0;
  const auto fitting = std::max<std::size_t>({spare, descriptors / 2, 1});
  return static_cast<int>(std::min(fitting, static_cast<std::size_t>(most)));
}

}  // namespace agw
