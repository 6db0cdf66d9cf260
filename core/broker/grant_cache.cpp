#include "broker/grant_cache.hpp"

#include <functional>
#include <utility>

namespace agw {
namespace {

constexpr std::chrono::seconds kLongestUse{30};

Counter& reads(Metrics& metrics, const char* outcome) {
  return metrics.counter(
      "auth_gateway_cache_reads_total",
      "Reads of a grant: answered by a copy in memory (hit), by the database (miss), or by "
      "the database as copies could not be used (off).",
      {{"outcome", outcome}});
}

/// Several threads may tell of changes at once: the youngest stays.
void raise(std::atomic<std::uint64_t>& mark, std::uint64_t number) noexcept {
  auto seen = mark.load();
  while (seen < number && !mark.compare_exchange_weak(seen, number)) {
  }
}

}  // namespace

std::size_t GrantCache::OwnerHash::operator()(const Owner& owner) const noexcept {
  const std::hash<std::string_view> hash;
  return hash(owner.profile) * 31 + hash(owner.provider);
}

GrantCache::GrantCache(Parts parts)
    : parts_(parts),
      perShard_((parts.most + kShards - 1) / kShards),
      hits_(reads(parts.metrics, "hit")),
      misses_(reads(parts.metrics, "miss")),
      unused_(reads(parts.metrics, "off")),
      evictions_(parts.metrics.counter("auth_gateway_cache_evictions_total",
                                       "Copies of grants that made room for others.")),
      size_(parts.metrics.gauge("auth_gateway_cache_grants", "Copies of grants in memory.")),
      lastOf_(kMarks) {
  parts_.storage.listen(*this);
}

GrantCache::~GrantCache() {
  parts_.storage.unlisten(*this);
}

GrantCache::Shard& GrantCache::shardOf(const Owner& owner) {
  return shards_[(OwnerHash()(owner) >> 7U) % kShards];
}

std::atomic<std::uint64_t>& GrantCache::lastChange(const std::string& id) {
  return lastOf_[std::hash<std::string>()(id) % kMarks];
}
const std::atomic<std::uint64_t>& GrantCache::lastChange(const std::string& id) const {
  return lastOf_[std::hash<std::string>()(id) % kMarks];
}

// The number is drawn after the write and before it is marked: whoever has drawn it already has begun to read
// after the write.
void GrantCache::grantChanged(const std::string& id) noexcept {
  raise(lastChange(id), ++changes_);
}

void GrantCache::grantsChanged() noexcept {
  raise(lastOfAll_, ++changes_);
}

bool GrantCache::usable(const Slot& slot) const {
  if (slot.asOf < lastOfAll_.load() || slot.asOf < lastChange(slot.copy->id).load()) return false;
  const auto age = parts_.clock.now() - slot.readAt;
  return age >= age.zero() && age <= kLongestUse;
}

GrantCache::Copy GrantCache::kept(const std::string& provider, const std::string& profile) {
  if (perShard_ == 0) return nullptr;
  if (!parts_.storage.tellsOthersWrites()) {
    unused_.increment();
    return nullptr;
  }
  const Owner owner{provider, profile};
  Copy copy = find(owner);
  (copy ? hits_ : misses_).increment();
  return copy;
}

GrantCache::Copy GrantCache::find(const Owner& owner) {
  Shard& shard = shardOf(owner);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.places.find(owner);
  if (found == shard.places.end()) return nullptr;
  Slot& slot = shard.slots[found->second];
  if (!usable(slot)) return nullptr;
  slot.asked = true;
  return slot.copy;
}

Result<GrantCache::Copy> GrantCache::read(const std::string& provider, const std::string& profile) {
  const auto asOf = changes_.load();  // before the row is read
  auto found = parts_.storage.findGrant(provider, profile);
  if (!found) return std::move(found).error();
  const Owner asked{provider, profile};
  if (!*found) {
    forget(asked);
    return Copy();
  }
  auto copy = std::make_shared<const Grant>(std::move(**found));
  if (asked == Owner{copy->provider, copy->profile}) keep(copy, asOf);
  return copy;
}

void GrantCache::keep(Copy copy, std::uint64_t asOf) {
  if (perShard_ == 0) return;
  const Owner owner{copy->provider, copy->profile};
  Shard& shard = shardOf(owner);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.places.find(owner);
  std::size_t place = 0;
  if (found != shard.places.end()) {
    place = found->second;
    if (shard.slots[place].asOf > asOf) return;  // somebody else has read it since
    shard.places.erase(found);
  } else {
    place = freePlace(shard);
  }
  shard.places.emplace(owner, place);
  shard.slots[place] = {.copy = std::move(copy), .asOf = asOf, .readAt = parts_.clock.now(), .asked = true};
}

std::size_t GrantCache::freePlace(Shard& shard) {
  if (shard.slots.size() < perShard_) {
    shard.slots.emplace_back();
    size_.add(1);
    return shard.slots.size() - 1;
  }
  while (true) {
    const auto place = std::exchange(shard.hand, (shard.hand + 1) % perShard_);
    Slot& slot = shard.slots[place];
    if (slot.copy && std::exchange(slot.asked, false)) continue;
    if (slot.copy) {
      shard.places.erase({slot.copy->provider, slot.copy->profile});
      evictions_.increment();
    } else {
      size_.add(1);
    }
    return place;
  }
}

void GrantCache::forget(const Owner& owner) {
  if (perShard_ == 0) return;
  Shard& shard = shardOf(owner);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.places.find(owner);
  if (found == shard.places.end()) return;
  const auto place = found->second;
  shard.places.erase(found);
  shard.slots[place] = {};
  size_.add(-1);
}

}  // namespace agw
