#include "api/shares.hpp"

namespace agw::api {

std::optional<Shares::Place> Shares::enter(const std::string& who) {
  if (places_ <= 0) return Place(*this, who);
  constexpr int kReserve = 8;  // its part is one in so many
  const std::lock_guard lock(mutex_);
  if (taken_ >= places_) return std::nullopt;
  const auto known = held_.find(who);
  const int held = known == held_.end() ? 0 : known->second;
  if (taken_ >= places_ - places_ / kReserve) {
    const int callers = static_cast<int>(held_.size()) + (held == 0 ? 1 : 0);
    if (held >= places_ / (callers + 1)) return std::nullopt;
  }
  ++held_[who];
  ++taken_;
  return Place(*this, who);
}

void Shares::leave(const std::string& who) {
  if (places_ <= 0) return;
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto known = held_.find(who);
  if (--known->second == 0) held_.erase(known);
}

}  // namespace agw::api
