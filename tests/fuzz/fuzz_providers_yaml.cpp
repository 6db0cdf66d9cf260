// Whatever the file says: an answer, in bounds, whose entries are whole when it has no fault (threats I10,
// I11, I13).
#include <optional>
#include <string>

#include "check.hpp"
#include "config/providers_file.hpp"

namespace {

const std::string kCanary = "CANARY-value-of-a-secret-variable";

std::optional<std::string> environment(const std::string& name) {
  if (name == "SECRET") return kCanary;
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agw;
  // A reference to a file would read this machine's.
  const std::string text(asText(data, size));
  if (text.find("file:") != std::string::npos) return 0;
  const auto file = parseProviders(text, "providers.yaml", environment, "https://auth.example.com",
                                   DeploymentKind::Production);
  for (const auto& fault : file.faults) {
    FUZZ_CHECK(!fault.text().empty() && fault.text().size() < 4096);
    FUZZ_CHECK(fault.text().find(kCanary) == std::string::npos);
    FUZZ_CHECK(fault.line >= 0 && fault.column >= 0);
  }
  if (anyError(file.faults)) return 0;
  FUZZ_CHECK(text.ends_with('\n'));
  for (const auto& entry : file.providers) {
    FUZZ_CHECK(!entry.id.empty() && !entry.plugin.empty() && !entry.redirectUri.empty());
    FUZZ_CHECK(!entry.missing.empty() || !entry.clientId.empty());
    FUZZ_CHECK(entry.fingerprint.size() == 64);
    for (const auto& scope : entry.scopes) FUZZ_CHECK(!scope.empty() && scope.find(' ') == std::string::npos);
  }
  return 0;
}
