#pragma once

#include <atomic>
#include <chrono>
#include <shared_mutex>
#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace agw::storage {

/// Who listens to a storage, and until when it is known that others' writes were told. Safe to call from many
/// threads.
class GrantChanges {
 public:
  void listen(GrantListener& listener);
  void unlisten(GrantListener& listener);

  void tell(const std::string& id) noexcept;
  void tellAll() noexcept;

  /// What others wrote before `moment` has been told.
  void toldUntil(std::chrono::steady_clock::time_point moment) noexcept;
  /// Whether that moment is less than two seconds ago: also after this process was stopped for a while, or
  /// its threads got no processor.
  [[nodiscard]] bool upToDate() const noexcept;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<GrantListener*> listeners_;
  std::atomic<std::chrono::steady_clock::rep> toldUntil_{
      std::chrono::steady_clock::time_point::min().time_since_epoch().count()};
};

/// Tells of a write when it ends, whether it succeeded or not.
class GrantWrite {
 public:
  GrantWrite(GrantChanges& changes, const std::string& id) : changes_(changes), id_(id) {}
  GrantWrite(const GrantWrite&) = delete;
  GrantWrite& operator=(const GrantWrite&) = delete;
  ~GrantWrite() { changes_.tell(id_); }

 private:
  GrantChanges& changes_;
  const std::string& id_;
};

/// Brings in what others write, for as long as it lives.
class GrantFeed {
 public:
  virtual ~GrantFeed() = default;
};

}  // namespace agw::storage
