#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "storage/open.hpp"

namespace agw::storage {

/// Makes the database file (mode 0600) and the folders above it that are missing (0700), and takes file and
/// journal away from other users when they could read them. The journal gets the file's mode from SQLite.
/// Returns the file's canonical path. `BadOption` names what stands in the way.
[[nodiscard]] Result<std::string> prepareFile(const std::string& path, Log& log);

/// Locks between processes on `<file>.lock`. They end with the object or its process, whatever ends that. One
/// object a storage; `Writer` is used by one thread at a time.
class LockFile {
 public:
  enum class Part {
    Service,  ///< there is one gateway that stays
    Writer,   ///< who writes or checkpoints now: docs/adr/0003-sqlite-journal.md
  };
  /// `BadOption` when the file cannot be made.
  [[nodiscard]] static Result<std::shared_ptr<LockFile>> open(const std::string& databasePath);
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  ~LockFile();

  /// False while somebody else has it.
  [[nodiscard]] bool tryTake(Part part);
  void leave(Part part);

 private:
  int descriptor_;
};

/// Keeps a second service from the same file. `BadOption` when there is one.
[[nodiscard]] Result<void> lockForService(LockFile& lock, const std::string& path);

}  // namespace agw::storage
