#include "plugin/trusted_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace agw {
namespace {

constexpr off_t maxSize = 64 << 20;

Error refused(const std::filesystem::path& file, const std::string& why) {
  return Error{.kind = ErrorKind::BadOption, .message = "Plugin " + file.string() + " " + why};
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// Why others could change what `facts` describe; empty: they cannot.
std::string weakness(const struct stat& facts, const std::string& name) {
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return "belongs to another user: " + name +
           " must be owned by root or by the user of this service (chown).";
  }
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "can be changed by others: " + name + " is writable by group or others (chmod go-w " + name + ").";
  }
  return {};
}

Result<void> checkFolders(const std::filesystem::path& file, const std::filesystem::path& chain) {
  for (auto folder = chain.parent_path();; folder = folder.parent_path()) {
    struct stat facts {};
    if (::stat(folder.c_str(), &facts) != 0)
      return refused(file, "cannot be checked: " + folder.string() + ": " + reason(errno) + ".");
    if (auto why = weakness(facts, folder.string()); !why.empty()) return refused(file, why);
    if (folder == folder.root_path()) return {};
  }
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Result<std::string> readWhole(const std::filesystem::path& file, int descriptor, off_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused(file, "cannot be read: " + reason(errno) + ".");
    if (count == 0)
      return refused(file, "became shorter while it was read. Put new files in place by renaming.");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace

Result<std::string> readTrustedFile(const std::filesystem::path& file) {
  std::error_code failed;
  const auto named = std::filesystem::absolute(file, failed).lexically_normal();
  const auto real = std::filesystem::canonical(named, failed);
  if (failed) return refused(file, "cannot be opened: " + failed.message() + ".");
  const auto folder = std::filesystem::canonical(named.parent_path(), failed);
  if (failed || real.parent_path() != folder) {
    return refused(file, "is a link that leads out of its folder, to " + real.string() +
                             ". Copy the file itself there.");
  }
  for (const auto& chain : {named, real}) {
    if (auto checked = checkFolders(file, chain); !checked) return checked.error();
  }

  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const Descriptor open(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (open.number() < 0) return refused(file, "cannot be opened: " + reason(errno) + ".");
  struct stat facts {};
  if (::fstat(open.number(), &facts) != 0) return refused(file, "cannot be checked: " + reason(errno) + ".");
  if (!S_ISREG(facts.st_mode)) return refused(file, "is not a regular file.");
  if (auto why = weakness(facts, file.string()); !why.empty()) return refused(file, why);
  if (facts.st_size > maxSize) return refused(file, "is larger than 64 MiB.");
  return readWhole(file, open.number(), facts.st_size);
}

}  // namespace agw
