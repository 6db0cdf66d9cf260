#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace agw::api {

/// Connections with something to read that wait for a thread, in a queue for each caller: whoever sends much
/// waits behind itself, not before others. The queues take turns, one connection each. Not for several
/// threads.
class FairQueue {
 public:
  struct Waiting {
    int index = 0;  ///< of the connection
    std::uint32_t generation = 0;
    std::int64_t since = 0;  ///< by `ticks()`
  };

  /// `group`: whose it is; any number. `since` is not before that of the one pushed last.
  void push(std::uint64_t group, const Waiting& waiting);
  /// The next one by turn.
  [[nodiscard]] std::optional<Waiting> pop();
  /// Like `pop`, of those that wait since before `since`.
  [[nodiscard]] std::optional<Waiting> popOlderThan(std::int64_t since);
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Callers that it remembers.
  [[nodiscard]] std::size_t known() const { return queues_.size(); }

 private:
  using Queue = std::deque<Waiting>;
  Waiting takeFirst(std::size_t turn);
  /// Queues that are empty stay for a while: whoever came once comes again.
  void forgetEmptyQueues();

  std::unordered_map<std::uint64_t, Queue> queues_;
  std::deque<std::uint64_t> turns_;  ///< groups with something waiting, each once
  std::size_t size_ = 0;
};

}  // namespace agw::api
