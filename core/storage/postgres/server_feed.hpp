#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "storage/grant_changes.hpp"
#include "storage/postgres/connection.hpp"

namespace agw::storage {

/// Hears from the server which grants were written, by whoever (the triggers of the schema's step "changes of
/// grants are told"), on a connection of its own. Twice a second it looks whether the server is still there;
/// a server that hangs or a network that is cut is noticed within two seconds, and copies of grants go out of
/// use. Connects anew by itself, with growing pauses up to five seconds.
class ServerFeed final : public GrantFeed {
 public:
  ServerFeed(ConnectionOptions options, Secret password, std::shared_ptr<GrantChanges> changes, Log& log);
  ~ServerFeed() override;
  ServerFeed(const ServerFeed&) = delete;
  ServerFeed& operator=(const ServerFeed&) = delete;

 private:
  void run();
  /// Returns at the end; throws `SqlFailure` when the connection is lost.
  void hear();
  void begin();
  void confirm();
  void pass();
  bool pause(std::chrono::milliseconds time) const;

  PostgresConnection connection_;
  std::shared_ptr<GrantChanges> changes_;
  Log& log_;
  int wake_;  ///< an eventfd: readable at the end
  bool hearing_ = false;
  std::thread thread_;
};

}  // namespace agw::storage
