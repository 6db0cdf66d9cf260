#include "api/edge/fair_queue.hpp"

namespace agw::api {
namespace {

constexpr std::size_t kMostQueues = 4'096;

}  // namespace

void FairQueue::push(std::uint64_t group, const Waiting& waiting) {
  if (queues_.size() >= kMostQueues) forgetEmptyQueues();
  auto& queue = queues_[group];
  if (queue.empty()) turns_.push_back(group);
  queue.push_back(waiting);
  ++size_;
}

void FairQueue::forgetEmptyQueues() {
  std::erase_if(queues_, [](const auto& entry) { return entry.second.empty(); });
}

FairQueue::Waiting FairQueue::takeFirst(std::size_t turn) {
  const auto place = turns_.begin() + static_cast<std::ptrdiff_t>(turn);
  const std::uint64_t group = *place;
  turns_.erase(place);
  auto& queue = queues_[group];
  const Waiting first = queue.front();
  queue.pop_front();
  --size_;
  if (!queue.empty()) turns_.push_back(group);
  return first;
}

std::optional<FairQueue::Waiting> FairQueue::pop() {
  if (turns_.empty()) return std::nullopt;
  return takeFirst(0);
}

std::optional<FairQueue::Waiting> FairQueue::popOlderThan(std::int64_t since) {
  for (std::size_t turn = 0; turn < turns_.size(); ++turn) {
    if (queues_[turns_[turn]].front().since < since) return takeFirst(turn);
  }
  return std::nullopt;
}

}  // namespace agw::api
