#define BOOST_DLL_USE_STD_FS
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>

#include "base/encoding.hpp"
#include "plugin/elf_file.hpp"
#include "plugin/plugin.hpp"
#include "plugin/trusted_file.hpp"

namespace agw {
namespace {

Error refused(const std::filesystem::path& file, const std::string& why) {
  return Error{.kind = ErrorKind::BadOption, .message = "Plugin " + file.string() + " " + why};
}

std::string sha256Of(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return hexEncode(digest);
}

/// A file in memory that nobody else can open or change. Once it is mapped, its descriptor stays open for the
/// life of the process: the dynamic linker knows libraries by their path, and a number that is used again
/// would give it the old library.
Result<int> privateCopy(const std::filesystem::path& file, std::string_view bytes) {
  const int copy = ::memfd_create("auth-gateway-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (copy < 0) return refused(file, "cannot be copied: " + std::generic_category().message(errno) + ".");
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = ::write(copy, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = errno;
      ::close(copy);
      return refused(file, "cannot be copied: " + std::generic_category().message(error) + ".");
    }
    done += static_cast<std::size_t>(count);
  }
  ::fchmod(copy, S_IRUSR | S_IXUSR);
  ::fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return copy;
}

/// The libraries of this process by digest: a reload of unchanged bytes maps nothing anew. Never emptied.
class Images {
 public:
  static Images& ofProcess() {
    static Images* images = new Images;  // lives until the process ends, for calls may be inside
    return *images;
  }

  Result<agw_entry> entry(const std::filesystem::path& file, std::string_view bytes,
                          const std::string& digest) {
    const std::lock_guard lock(mutex_);
    if (const auto known = libraries_.find(digest); known != libraries_.end()) return find(known->second);
    const auto copy = privateCopy(file, bytes);
    if (!copy) return copy.error();
    const std::filesystem::path path = "/proc/self/fd/" + std::to_string(*copy);
    try {
      using boost::dll::load_mode::rtld_local;
      using boost::dll::load_mode::rtld_now;
      boost::dll::shared_library library(path, rtld_now | rtld_local);
      return find(libraries_.emplace(digest, std::move(library)).first->second);
    } catch (const std::exception& failure) {
      ::close(*copy);  // nothing was mapped, so the number may be used again
      return refused(file, "cannot be linked: " + linkerReason(failure.what(), path.string()));
    }
  }

 private:
  static agw_entry find(const boost::dll::shared_library& library) {
    return &library.get<std::remove_pointer_t<agw_entry>>(AGW_ENTRY_SYMBOL);
  }

  /// The dynamic linker's words without Boost's around them and without the name of the private copy.
  static std::string linkerReason(std::string text, const std::string& copy) {
    for (const auto& noise :
         {std::string("boost::dll::shared_library::load() failed"), std::string("dlerror system message: "),
          copy + ": ", std::string(": Bad file descriptor"), std::string(" [generic:9]")}) {
      for (auto at = text.find(noise); at != std::string::npos; at = text.find(noise))
        text.erase(at, noise.size());
    }
    text.erase(0, text.find_first_not_of(": ("));
    text.erase(text.find_last_not_of(") \n") + 1);
    return text.substr(0, 300) + ".";
  }

  std::mutex mutex_;
  std::map<std::string, boost::dll::shared_library> libraries_;
};

/// Nothing when the entry throws, which the contract forbids.
const agw_provider* descriptorOf(agw_entry entry) {
  try {
    return entry();
  } catch (...) {
    return nullptr;
  }
}

std::string text(const agw_text& borrowed) {
  return {borrowed.data, borrowed.size};
}

}  // namespace

Result<Plugin> loadPlugin(const std::filesystem::path& file, const std::string& sha256) {
  const auto bytes = readTrustedFile(file);
  if (!bytes) return bytes.error();
  const auto digest = sha256Of(*bytes);
  if (!sha256.empty() && toLower(sha256) != digest) {
    return refused(file, "is not the pinned file: sha256 is " + digest + ", the entry says " + sha256 + ".");
  }
  const auto elf = inspectElf(*bytes);
  if (!elf) return refused(file, elf.error().message);
  if (std::find(elf->exports.begin(), elf->exports.end(), AGW_ENTRY_SYMBOL) == elf->exports.end()) {
    return refused(file, "is not a provider: it exports no " AGW_ENTRY_SYMBOL ".");
  }
  const auto entry = Images::ofProcess().entry(file, *bytes, digest);
  if (!entry) return entry.error();
  auto plugin = adoptPlugin(descriptorOf(*entry));
  if (!plugin) return refused(file, plugin.error().message);
  if (plugin->id == text(builtinOauth2()->id)) {
    return refused(file, "has the id of the built-in provider " + plugin->id + ". Give it another.");
  }
  if (plugin->id != file.stem().string()) {
    const auto proper = file.parent_path() / (plugin->id + ".so");
    std::error_code ignored;
    if (std::filesystem::exists(proper, ignored)) {
      return refused(
          file, "calls itself " + plugin->id + ", and so does " + proper.string() + ". Keep one of the two.");
    }
    return refused(file, "calls itself " + plugin->id + ": name the file " + plugin->id + ".so.");
  }
  return plugin;
}

Result<std::vector<ScannedPlugin>> scanPlugins(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code failed;
  for (std::filesystem::directory_iterator item(folder, failed), end; !failed && item != end;
       item.increment(failed)) {
    if (item->path().extension() == ".so") files.push_back(item->path());
  }
  if (failed) {
    return Error{
        .kind = ErrorKind::BadOption,
        .message = "The plugin folder " + folder.string() + " cannot be read: " + failed.message() + "."};
  }
  std::sort(files.begin(), files.end());
  std::vector<ScannedPlugin> scanned;
  for (const auto& file : files) {
    auto plugin = loadPlugin(file, "");
    scanned.push_back({file, std::move(plugin)});
  }
  return scanned;
}

}  // namespace agw
