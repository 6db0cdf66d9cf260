// Each file of tests/golden/config is a providers.yaml, a line of dashes, and what the operator is told about
// it. AGW_GOLDEN_WRITE=1 writes the second parts anew, to be read before they are committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "config/providers_file.hpp"

namespace agw {
namespace {

constexpr const char* kDashes = "----\n";

std::optional<std::string> environment(const std::string& name) {
  static const std::map<std::string, std::string> values{{"CLIENT_ID", "CANARY-client-id"},
                                                         {"CLIENT_SECRET", "CANARY-client-secret"},
                                                         {"BASE_URL", "https://id.example.com"},
                                                         {"EMPTY", ""}};
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += " " + word;
  return text;
}

std::string reportOf(const ProvidersFile& file) {
  std::ostringstream report;
  for (const auto& fault : file.faults) report << fault.text() << "\n";
  if (anyError(file.faults)) return report.str();
  for (const auto& entry : file.providers) {
    report << "provider " << entry.id << (entry.missing.empty() ? " ready" : " lacks" + joined(entry.missing))
           << "\n";
  }
  for (const auto& entry : file.installations)
    report << "installation " << entry.provider << " " << entry.org << "\n";
  return report.str();
}

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::filesystem::path> goldenFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(AGW_TESTS_DIR "/golden/config")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class GoldenConfig : public testing::TestWithParam<std::filesystem::path> {};

// I11, I13: limits and messages; no file's CANARY ever reaches a report.
TEST_P(GoldenConfig, Report_OfThisFile_IsAsAgreed) {
  const std::string content = contentOf(GetParam());
  const auto dashes = content.rfind(kDashes);
  ASSERT_NE(dashes, std::string::npos);
  std::string input = content.substr(0, dashes);
  // A file that was cut ends without a line break; the dashes need one before them.
  if (GetParam().stem() == "cut_in_a_line") input.pop_back();
  const auto deployment = GetParam().stem().string().starts_with("production_") ? DeploymentKind::Production
                                                                                : DeploymentKind::Development;
  const std::string report =
      reportOf(parseProviders(input, "providers.yaml", environment, "http://localhost:8000", deployment));
  EXPECT_EQ(report.find("CANARY"), std::string::npos);
  if (std::getenv("AGW_GOLDEN_WRITE") != nullptr) {
    std::ofstream(GetParam(), std::ios::binary) << content.substr(0, dashes) << kDashes << report;
  }
  EXPECT_EQ(report, contentOf(GetParam()).substr(dashes + std::string(kDashes).size()));
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenConfig, testing::ValuesIn(goldenFiles()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace agw
