#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace agw {

/// Tells when a file was changed and is at rest again, by looking at it now and then. Not for several
/// threads.
class FileWatch {
 public:
  explicit FileWatch(std::filesystem::path file);

  /// True once for each change, at the first look that finds the file as the look before did: a file that is
  /// being written in pieces, or touched a thousand times, is one change. A file that is away is no change.
  [[nodiscard]] bool changed();

 private:
  struct Look {
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modifiedNanos = 0;
    friend bool operator==(const Look&, const Look&) = default;
  };
  [[nodiscard]] std::optional<Look> look() const;

  std::filesystem::path file_;
  std::optional<Look> settled_;
  std::optional<Look> last_;
};

}  // namespace agw
