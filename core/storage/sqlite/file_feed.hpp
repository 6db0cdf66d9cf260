#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "storage/grant_changes.hpp"
#include "storage/sql/pool.hpp"

namespace agw::storage {

/// Sees within a tenth of a second that another process has written to the file, an operator's command for
/// example; what it wrote cannot be told apart, so that any grant may have changed. Writes of this process
/// are not looked for here: whoever makes them tells of them.
class FileFeed final : public GrantFeed {
 public:
  /// `writers` is the pool of the one connection that writes for this process.
  FileFeed(std::shared_ptr<Pool> writers, std::shared_ptr<GrantChanges> changes);
  ~FileFeed() override;
  FileFeed(const FileFeed&) = delete;
  FileFeed& operator=(const FileFeed&) = delete;

 private:
  void run();
  void look();

  std::shared_ptr<Pool> writers_;
  std::shared_ptr<GrantChanges> changes_;
  std::optional<std::int64_t> seen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace agw::storage
