#include "plugin/trusted_file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
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

/// Distributions give each user a group of his own and umask 002: what that group may write, only he may.
bool isPrivateGroup(uid_t owner, gid_t group) {
  std::array<char, 16384> userText{};
  std::array<char, 16384> groupText{};
  struct passwd user {};
  struct group facts {};
  struct passwd* foundUser = nullptr;
  struct group* foundGroup = nullptr;
  ::getpwuid_r(owner, &user, userText.data(), userText.size(), &foundUser);
  ::getgrgid_r(group, &facts, groupText.data(), groupText.size(), &foundGroup);
  return foundUser != nullptr && foundGroup != nullptr && user.pw_gid == group &&
         std::string_view(user.pw_name) == facts.gr_name && *facts.gr_mem == nullptr;
}

enum class Place { FileOrItsFolder, FolderAbove };

/// Why others could change what `facts` describe; empty: they cannot.
std::string weakness(const struct stat& facts, const std::string& name, Place place) {
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return "belongs to another user: " + name +
           " must be owned by root or by the user of this service (chown).";
  }
  const bool sticky = place == Place::FolderAbove && (facts.st_mode & S_ISVTX) != 0;
  const bool byOthers = (facts.st_mode & S_IWOTH) != 0;
  const bool byGroup = (facts.st_mode & S_IWGRP) != 0 && !isPrivateGroup(facts.st_uid, facts.st_gid);
  if ((byOthers || byGroup) && !sticky) {
    return "can be changed by others: " + name + " is writable by group or others (chmod go-w " + name + ").";
  }
  return {};
}

Result<void> checkFolders(const std::filesystem::path& file, const std::filesystem::path& chain) {
  auto place = Place::FileOrItsFolder;
  for (auto folder = chain.parent_path();; folder = folder.parent_path()) {
    struct stat facts {};
    if (::stat(folder.c_str(), &facts) != 0) {
      return refused(file, "cannot be checked: " + folder.string() + ": " + reason(errno) + ".");
    }
    if (auto why = weakness(facts, folder.string(), place); !why.empty()) return refused(file, why);
    if (folder == folder.root_path()) return {};
    place = Place::FolderAbove;
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
  if (auto why = weakness(facts, file.string(), Place::FileOrItsFolder); !why.empty())
    return refused(file, why);
  if (facts.st_size > maxSize) return refused(file, "is larger than 64 MiB.");
  return readWhole(file, open.number(), facts.st_size);
}

}  // namespace agw
