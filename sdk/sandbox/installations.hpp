#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sandbox {

/// The app in an organisation.
struct Installation {
  std::int64_t id = 0;
  std::string organisation;
  std::set<std::string> people;        ///< who installed or changed it: to them the provider shows it
  std::set<std::string> repositories;  ///< empty: all
  std::map<std::string, std::string> permissions;
  bool suspended = false;
  std::int64_t changedAt = 0;
};

/// Where the app is installed. Safe to call from many threads.
class InstallationBook {
 public:
  struct Installed {
    Installation installation;
    bool isNew = false;
  };
  /// A new installation, or the one that the organisation has with what `wanted` says.
  [[nodiscard]] Installed install(const Installation& wanted);
  [[nodiscard]] std::optional<Installation> find(std::int64_t id) const;
  [[nodiscard]] std::optional<Installation> find(const std::string& organisation) const;
  [[nodiscard]] std::vector<Installation> list() const;
  /// Writes the whole entry; one that is not there stays so.
  void change(const Installation& installation);
  void remove(std::int64_t id);

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, Installation> installations_;
  std::int64_t last_ = 50'000'000;
};

}  // namespace sandbox
