#include "app/process_environment.hpp"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace agw {
namespace {

constexpr std::array<std::string_view, 9> kKept{"PATH", "HOME",   "USER",          "LANG",        "LANGUAGE",
                                                "TZ",   "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"};
constexpr std::array<std::string_view, 8> kKeptPrefixes{"LC_",   "LD_",   "ASAN_",    "UBSAN_",
                                                        "TSAN_", "LSAN_", "FAKETIME", "MALLOC_"};

bool stays(std::string_view name) {
  return std::find(kKept.begin(), kKept.end(), name) != kKept.end() ||
         std::any_of(kKeptPrefixes.begin(), kKeptPrefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

ProcessEnvironment ProcessEnvironment::take() {
  ProcessEnvironment taken;
  std::vector<std::string> leaving;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    char* equals = std::strchr(*entry, '=');
    if (equals == nullptr) continue;
    const std::string name(*entry, equals);
    taken.values_.emplace(name, Secret(std::string(equals + 1)));
    if (stays(name)) continue;
    OPENSSL_cleanse(equals + 1, std::strlen(equals + 1));
    leaving.push_back(name);
  }
  for (const auto& name : leaving) ::unsetenv(name.c_str());
  return taken;
}

Environment ProcessEnvironment::reader() const {
  return [this](const std::string& name) -> std::optional<std::string> {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    return std::string(found->second.reveal());
  };
}

std::vector<std::string> ProcessEnvironment::names() const {
  std::vector<std::string> names;
  names.reserve(values_.size());
  for (const auto& [name, unused] : values_) names.push_back(name);
  return names;
}

}  // namespace agw
