#include "storage/sqlite/file.hpp"

#include <fcntl.h>
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
  const auto canonical = std::filesystem::canonical(absolute, fault);
  if (fault) return refused(path, "has no canonical path: " + fault.message() + ".");
  for (const char* part : {"", "-wal", "-shm"}) {
    const std::string name = canonical.string() + part;
    if (stat(name.c_str(), &found) != 0 || (found.st_mode & kOthers) == 0) continue;
    if (chmod(name.c_str(), kOwnerOnly) != 0) {
      return refused(name, "can be read by other users, and its mode cannot be changed. Run: chmod 600");
    }
    log.write(LogLevel::Warning, "database_file_mode_tightened", {{"path", path + part}, {"mode", "0600"}});
  }
  return canonical.string();
}

Result<std::shared_ptr<LockFile>> LockFile::open(const std::string& databasePath) {
  const std::string name = databasePath + ".lock";
  const int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return refused(name, std::string("cannot be opened: ") + std::strerror(errno) + ".");
  return std::make_shared<LockFile>(descriptor);
}

LockFile::~LockFile() {
  close(descriptor_);
}

// Locks of the open file description, not of the process: two storages in one process exclude each other too.
bool LockFile::tryTake(Part part) {
  struct flock octet {};
  octet.l_type = F_WRLCK;
  octet.l_whence = SEEK_SET;
  octet.l_start = static_cast<off_t>(part);
  octet.l_len = 1;
  return fcntl(descriptor_, F_OFD_SETLK, &octet) == 0;
}

void LockFile::leave(Part part) {
  struct flock octet {};
  octet.l_type = F_UNLCK;
  octet.l_whence = SEEK_SET;
  octet.l_start = static_cast<off_t>(part);
  octet.l_len = 1;
  fcntl(descriptor_, F_OFD_SETLK, &octet);
}

Result<void> lockForService(LockFile& lock, const std::string& path) {
  if (lock.tryTake(LockFile::Part::Service)) return {};
  return refused(
      path,
      "is in use by another running auth-gateway. Stop that one first; several gateways at once need "
      "PostgreSQL (DATABASE_URL=postgresql://...).");
}

}  // namespace agw::storage
