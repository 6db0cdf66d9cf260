#include "app/file_watch.hpp"

#include <sys/stat.h>

namespace agw {

FileWatch::FileWatch(std::filesystem::path file)
    : file_(std::move(file)), settled_(look()), last_(settled_) {}

std::optional<FileWatch::Look> FileWatch::look() const {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0) return {};
  constexpr std::int64_t kNanos = 1'000'000'000;
  return Look{status.st_ino, status.st_size, status.st_mtim.tv_sec * kNanos + status.st_mtim.tv_nsec};
}

bool FileWatch::changed() {
  const auto now = look();
  const bool atRest = now == last_;
  last_ = now;
  if (!now || !atRest || now == settled_) return false;
  settled_ = now;
  return true;
}

}  // namespace agw
