#include "installations.hpp"

#include <algorithm>

namespace sandbox {

InstallationBook::Installed InstallationBook::install(const Installation& wanted) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, present] : installations_) {
    if (present.organisation != wanted.organisation) continue;
    present.people.insert(wanted.people.begin(), wanted.people.end());
    present.repositories = wanted.repositories;
    present.changedAt = wanted.changedAt;
    return {.installation = present, .isNew = false};
  }
  Installation installation = wanted;
  installation.id = ++last_;  // never one that was used before
  installations_[installation.id] = installation;
  return {.installation = installation, .isNew = true};
}

std::optional<Installation> InstallationBook::find(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = installations_.find(id);
  return found == installations_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Installation> InstallationBook::find(const std::string& organisation) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(installations_.begin(), installations_.end(), [&](const auto& entry) {
    return entry.second.organisation == organisation;
  });
  return found == installations_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Installation> InstallationBook::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Installation> all;
  all.reserve(installations_.size());
  for (const auto& entry : installations_) all.push_back(entry.second);
  return all;
}

void InstallationBook::change(const Installation& installation) {
  const std::lock_guard lock(mutex_);
  const auto found = installations_.find(installation.id);
  if (found != installations_.end()) found->second = installation;
}

void InstallationBook::remove(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  installations_.erase(id);
}

}  // namespace sandbox
