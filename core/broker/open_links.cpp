#include "broker/open_links.hpp"

#include <utility>

namespace agw {
namespace {

constexpr std::size_t kMost = 10'000;

}  // namespace

std::optional<OpenLink> OpenLinks::find(const LinkQuestion& question, TimePoint now,
                                        std::chrono::seconds minLife) const {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(question);
  if (found == links_.end() || found->second.expiresAt < now + minLife) return std::nullopt;
  return found->second;
}

void OpenLinks::keep(const LinkQuestion& question, OpenLink link, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (links_.size() >= kMost) {
    std::erase_if(links_, [&](const auto& entry) { return entry.second.expiresAt <= now; });
    if (links_.size() >= kMost) links_.clear();
  }
  links_.insert_or_assign(question, std::move(link));
}

}  // namespace agw
