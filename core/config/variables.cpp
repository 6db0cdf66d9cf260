#include "config/variables.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/encoding.hpp"
#include "base/secret.hpp"

namespace agw {
namespace {

constexpr std::array kVariables{
    Variable{"DATABASE_URL", "sqlite:///var/auth-gateway.db", true},
    Variable{"POSTGRES_HOST", "localhost", false},
    Variable{"POSTGRES_PORT", "5432", false},
    Variable{"POSTGRES_USER", "auth_gateway", false},
    Variable{"POSTGRES_PASSWORD", "none", true},
    Variable{"POSTGRES_DB", "auth_gateway", false},
    Variable{"AUTH_GATEWAY_ENCRYPTION_KEY", "none", true},
    Variable{"AUTH_GATEWAY_ENCRYPTION_KEY_SALT", "none", true},
    Variable{"AUTH_GATEWAY_ROTATION_KEYS", "none", true},
    Variable{"AUTH_GATEWAY_API_KEY", "none", true},
    Variable{"AUTH_GATEWAY_CONFIG", "config/providers.yaml", false},
    Variable{"AUTH_GATEWAY_PLUGIN_DIR", "plugins", false},
    Variable{"AUTH_GATEWAY_TLS_CERT", "none", false},
    Variable{"AUTH_GATEWAY_TLS_KEY", "none", false},
    Variable{"AUTH_GATEWAY_TRUSTED_PROXIES", "none", false},
    Variable{"AUTH_GATEWAY_REDIRECT_ALLOW_LIST", "none", false},
    Variable{"AUTH_GATEWAY_CA_FILE", "none", false},
    Variable{"OAUTH_CALLBACK_BASE", "http://localhost:PORT", false},
    Variable{"HOST", "127.0.0.1", false},
    Variable{"PORT", "8000", false},
    Variable{"ENVIRONMENT", "development", false},
    Variable{"SESSION_EXPIRY_MINUTES", "15", false},
    Variable{"TOKEN_REFRESH_BUFFER_SECONDS", "300", false},
    Variable{"AUTH_GATEWAY_CACHED_GRANTS", "50000", false},
    Variable{"LOG_LEVEL", "info", false},
    Variable{"LOG_FORMAT", "json", false},
    Variable{"AUTH_GATEWAY_ACCESS_LOG", "errors", false},
    Variable{"AUTH_GATEWAY_RATE_LIMIT_PEER", "12000", false},
    Variable{"AUTH_GATEWAY_RATE_LIMIT_KEY", "0", false},
    Variable{"AUTH_GATEWAY_RATE_LIMIT_CONSENTS", "12000", false},
    Variable{"AUTH_GATEWAY_RATE_LIMIT_GRANT", "60", false},
    Variable{"METRICS_HOST", "127.0.0.1", false},
    Variable{"METRICS_PORT", "none", false},
};

constexpr std::size_t kMaxTextFile = 64U << 10;

/// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string modeWarning(const std::string& path, mode_t mode) {
  // Docker mounts its secrets readable for all inside the container, which nobody else shares.
  if (path.rfind("/run/secrets/", 0) == 0 || (mode & S_IROTH) == 0) return {};
  return "the file can be read by every user of this machine; chmod 0600 it";
}

}  // namespace

std::span<const Variable> variables() {
  return kVariables;
}

TextFile readTextFile(const std::string& path) {
  TextFile file;
  // Without O_NONBLOCK the open of a FIFO would wait for a writer.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) {
    file.absent = true;
    file.fault = errno == EACCES ? "the file may not be read by this user" : "the file cannot be opened";
    return file;
  }
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    file.fault = "not a regular file";
    return file;
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    file.fault = "the file can be written by every user of this machine; chmod 0600 it";
    return file;
  }
  std::string text(kMaxTextFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(descriptor.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) file.fault = "the file cannot be read";
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  if (file.fault.empty() && size > kMaxTextFile) file.fault = "the file is larger than 64 KiB";
  if (file.fault.empty() && (!isUtf8(text) || text.find('\0') != std::string::npos)) {
    file.fault = "the file is not UTF-8 text";
  }
  if (!file.fault.empty()) {
    wipe(text);
    return file;
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  file.text = std::move(text);
  file.warning = modeWarning(path, status.st_mode);
  return file;
}

VariableValue readVariable(const Environment& environment, const std::string& name) {
  auto plain = environment(name);
  if (plain && plain->empty()) plain.reset();
  const std::string twin = name + "_FILE";
  const auto path = environment(twin);
  if (!path || path->empty()) return {std::move(plain), {}, {}};
  if (plain) {
    wipe(*plain);
    return {{}, "both " + name + " and " + twin + " are set; keep one", {}};
  }
  TextFile file = readTextFile(*path);
  if (!file.text) return {{}, twin + ": " + file.fault, {}};
  VariableValue value;
  if (!file.text->empty()) value.text = std::move(file.text);
  if (!file.warning.empty()) value.warning = twin + ": " + file.warning;
  return value;
}

}  // namespace agw
