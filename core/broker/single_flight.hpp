#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace agw {

/// One piece of work for each key at a time: whoever enters first leads and does it, the others wait for its
/// result. Safe to call from many threads.
template <class T>
class SingleFlight {
  struct Flight {
    std::optional<T> result;
    std::condition_variable landed;
  };

 public:
  /// A place in a flight. The leader's publishes `abandoned` if it ends without `land`, so that nobody waits
  /// in vain.
  class Seat {
   public:
    Seat(SingleFlight& owner, std::string key, std::shared_ptr<Flight> flight, bool leads, T abandoned)
        : owner_(owner),
          key_(std::move(key)),
          flight_(std::move(flight)),
          abandoned_(std::move(abandoned)),
          leads_(leads) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat() {
      if (leads_) owner_.land(key_, *flight_, std::move(abandoned_));
    }

    [[nodiscard]] bool leads() const { return leads_; }
    /// The leader's: hands the result to everybody and ends the flight.
    void land(T result) {
      leads_ = false;
      owner_.land(key_, *flight_, std::move(result));
    }
    /// A follower's: nothing when the flight takes longer than `limit`.
    [[nodiscard]] std::optional<T> wait(std::chrono::milliseconds limit) {
      std::unique_lock lock(owner_.mutex_);
      flight_->landed.wait_for(lock, limit, [&] { return flight_->result.has_value(); });
      return flight_->result;
    }

   private:
    SingleFlight& owner_;
    std::string key_;
    std::shared_ptr<Flight> flight_;
    T abandoned_;
    bool leads_;
  };

  [[nodiscard]] Seat enter(const std::string& key, T abandoned) {
    const std::lock_guard lock(mutex_);
    auto& flight = flights_[key];
    const bool leads = !flight;
    if (leads) flight = std::make_shared<Flight>();
    return Seat(*this, key, flight, leads, std::move(abandoned));
  }

  /// True once no flight is under way, false when that takes longer than `limit`.
  [[nodiscard]] bool waitUntilEmpty(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return emptied_.wait_for(lock, limit, [&] { return flights_.empty(); });
  }

 private:
  void land(const std::string& key, Flight& flight, T result) {
    const std::lock_guard lock(mutex_);
    flight.result = std::move(result);
    flight.landed.notify_all();
    flights_.erase(key);
    if (flights_.empty()) emptied_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable emptied_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace agw
