#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace agw::api {

/// How many requests of one caller may be under way at a time. A handler that waits, for a provider or the
/// database, holds a thread; without this, one caller could hold all. Safe to call from many threads.
///
/// Anybody may take a place while more than an eighth is free. The last eighth is for those who hold less
/// than an even share, in which one newcomer is counted.
class Shares {
 public:
  /// `places`: at a time, of all callers; 0: no limit.
  explicit Shares(int places) : places_(places) {}
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  /// Gives its place back when it ends. The shares must outlive it.
  class Place {
   public:
    Place(Place&& other) noexcept
        : shares_(std::exchange(other.shares_, nullptr)), who_(std::move(other.who_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (shares_) shares_->leave(who_);
    }

   private:
    friend class Shares;
    Place(Shares& shares, std::string who) : shares_(&shares), who_(std::move(who)) {}
    Shares* shares_;
    std::string who_;
  };

  /// Nothing when there is no place for `who` now.
  [[nodiscard]] std::optional<Place> enter(const std::string& who);

 private:
  void leave(const std::string& who);

  const int places_;
  std::mutex mutex_;
  std::unordered_map<std::string, int> held_;
  int taken_ = 0;
};

}  // namespace agw::api
