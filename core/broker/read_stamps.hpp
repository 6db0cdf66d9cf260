#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"

namespace agw {

/// Which grants were read lately, told to the database at most once in `kEvery` for each grant: enough to
/// know that somebody uses it, and no write for a read. Safe to call from many threads.
class ReadStamps {
 public:
  static constexpr std::chrono::hours kEvery{6};
  /// Grants remembered; beyond, reads go unnoted for a while.
  static constexpr std::size_t kMost = 100'000;
  /// When all places are taken by fresh ones, old ones are looked for at most this often.
  static constexpr std::chrono::minutes kLookAgain{1};

  explicit ReadStamps(const Clock& clock) : clock_(clock) {}

  void note(const std::string& grantId);
  /// Those to be told now, each once.
  [[nodiscard]] std::vector<std::string> take();
  /// The database did not take them: their next read is noted again.
  void forget(const std::vector<std::string>& grantIds);

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, TimePoint> noted_;
  std::vector<std::string> pending_;
  std::optional<TimePoint> fullAt_;
};

}  // namespace agw
