#include "storage/sqlite/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace agw::storage {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthers = 0077;

Error refused(const std::string& path, const std::string& what) {
  return Error{.kind = ErrorKind::BadOption, .message = "The database file " + path + " " + what};
}

struct Descriptor {
  explicit Descriptor(int number) : value(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
  int value;
};

Result<void> makeFolders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::exists(folder)) return {};
  if (auto above = makeFolders(folder.parent_path()); !above) return above;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return refused(folder.string(), std::string("cannot be made: ") + std::strerror(errno) + ".");
  }
  return {};
}

}  // namespace

Result<std::string> prepareFile(const std::string& path, Log& log) {
  std::error_code fault;
  const auto absolute = std::filesystem::absolute(path, fault);
  if (fault) return refused(path, "has no usable path: " + fault.message() + ".");
  if (auto folders = makeFolders(absolute.parent_path()); !folders) return std::move(folders).error();
  {
    // Only a new file is opened here: closing a descriptor of one that SQLite has open would end SQLite's
    // locks.
    const Descriptor fresh(open(absolute.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (fresh.value < 0 && errno != EEXIST) {
      return refused(path, std::string("cannot be made: ") + std::strerror(errno) + ".");
    }
  }
  struct stat found {};
  if (stat(absolute.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
    return refused(path, "is not a regular file.");
  if (access(absolute.c_str(), R_OK | W_OK) != 0) {
    return refused(path, std::string("cannot be read and written: ") + std::strerror(errno) + ".");
  }
  if ((found.st_mode & kOthers) != 0) {
    if (chmod(absolute.c_str(), kOwnerOnly) != 0) {
      return refused(path, "can be read by other users, and its mode cannot be changed. Run: chmod 600");
    }
    log.write(LogLevel::Warning, "database_file_mode_tightened", {{"path", path}, {"mode", "0600"}});
  }
  const auto canonical = std::filesystem::canonical(absolute, fault);
  if (fault) return refused(path, "has no canonical path: " + fault.message() + ".");
  return canonical.string();
}

Result<std::shared_ptr<void>> lockForService(const std::string& path) {
  const std::string name = path + ".lock";
  auto file = std::make_shared<Descriptor>(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (file->value < 0) return refused(name, std::string("cannot be opened: ") + std::strerror(errno) + ".");
  if (flock(file->value, LOCK_EX | LOCK_NB) != 0) {
    return refused(path,
                   "is in use by another running auth-gateway. Stop that one first; several gateways at once "
                   "need PostgreSQL (DATABASE_URL=postgresql://...).");
  }
  return std::static_pointer_cast<void>(file);
}

}  // namespace agw::storage
