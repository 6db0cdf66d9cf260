#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "api/server.hpp"

namespace agw::api {

/// Who may bring a body beyond `ServerSettings::maxBody`, and how many of them at a time. Outlives its
/// places. Safe to call from many threads.
class LargeBodies {
 public:
  explicit LargeBodies(const LargeBodySettings& settings) : settings_(settings) {}
  LargeBodies(const LargeBodies&) = delete;
  LargeBodies& operator=(const LargeBodies&) = delete;

  /// The longest body for this request target, or 0: nothing special. Targets are matched as they came, which
  /// is enough: one that hides its structure is refused anyway.
  [[nodiscard]] std::size_t limitFor(std::string_view target) const {
    return !settings_.path.empty() && target.starts_with(settings_.path) ? settings_.octets : 0;
  }

  struct Leave {
    void operator()(std::atomic<int>* taken) const { taken->fetch_sub(1); }
  };
  /// Gives itself back when it ends.
  using Place = std::unique_ptr<std::atomic<int>, Leave>;
  /// Null when all are taken.
  [[nodiscard]] Place enter() {
    Place place(&taken_);
    if (taken_.fetch_add(1) >= settings_.atOnce) place.reset();
    return place;
  }

 private:
  const LargeBodySettings settings_;
  std::atomic<int> taken_{0};
};

}  // namespace agw::api
