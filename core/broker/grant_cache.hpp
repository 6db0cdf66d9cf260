#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Copies of the grants that were read last, as they are stored: their tokens stay encrypted. A copy is used
/// while the storage tells what others write, and until the storage says that the row was written; a copy
/// that was being read at that moment is never used at all. It is not used for longer than 30 s in any case,
/// for the sake of writers of whom no database tells (PostgreSQL with its triggers switched off).
///
/// What a copy is good for (how long its token lives, what its status is) is the reader's to judge, each
/// time. Grants that are absent are not remembered. Safe to call from many threads.
class GrantCache final : private GrantListener {
 public:
  struct Parts {
    Storage& storage;
    const Clock& clock;
    Metrics& metrics;
    std::size_t most;  ///< copies kept; those not asked for lately make room. 0: none
  };
  explicit GrantCache(Parts parts);
  ~GrantCache() override;
  GrantCache(const GrantCache&) = delete;
  GrantCache& operator=(const GrantCache&) = delete;

  using Copy = std::shared_ptr<const Grant>;
  /// The copy, where one may be used; null otherwise. Never calls the storage.
  [[nodiscard]] Copy kept(const std::string& provider, const std::string& profile);
  /// The row as it is now, kept for later; null: there is none. Errors are the storage's.
  [[nodiscard]] Result<Copy> read(const std::string& provider, const std::string& profile);

 private:
  struct Owner {
    std::string_view provider;
    std::string_view profile;
    friend bool operator==(const Owner&, const Owner&) = default;
  };
  struct OwnerHash {
    std::size_t operator()(const Owner& owner) const noexcept;
  };
  struct Slot {
    Copy copy;
    std::uint64_t asOf = 0;  ///< changes that were told before its row was read
    TimePoint readAt;
    bool asked = false;  ///< since the hand came by
  };
  /// A part of the owners. Its slots are a ring, around which a hand goes when room is needed.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Owner, std::size_t, OwnerHash> places;  ///< of the owner in the copy itself
    std::vector<Slot> slots;
    std::size_t hand = 0;
  };

  void grantChanged(const std::string& id) noexcept override;
  void grantsChanged() noexcept override;
  [[nodiscard]] bool usable(const Slot& slot) const;
  [[nodiscard]] Shard& shardOf(const Owner& owner);
  [[nodiscard]] Copy find(const Owner& owner);
  void keep(Copy copy, std::uint64_t asOf);
  void forget(const Owner& owner);
  [[nodiscard]] std::size_t freePlace(Shard& shard);
  [[nodiscard]] std::atomic<std::uint64_t>& lastChange(const std::string& id);
  [[nodiscard]] const std::atomic<std::uint64_t>& lastChange(const std::string& id) const;

  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kMarks = 1U << 14U;

  Parts parts_;
  const std::size_t perShard_;
  Counter& hits_;
  Counter& misses_;
  Counter& unused_;
  Counter& evictions_;
  Gauge& size_;
  std::array<Shard, kShards> shards_;

  // Every change has a number. A copy is good while the last change of its id is not younger than the copy.
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint64_t> lastOfAll_{0};
  /// By hash of the id: ids that share a mark end each other's copies, which costs a read and nothing else.
  std::vector<std::atomic<std::uint64_t>> lastOf_;
};

}  // namespace agw
