#include "provider_check.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <vector>

#include "auth_gateway/testing/fixture.hpp"
#include "behaviour.hpp"
#include "plugin/elf_file.hpp"
#include "plugin/plugin.hpp"
#include "plugin/trusted_file.hpp"

namespace agw {
namespace {

/// What every system with a C or C++ program has. The sanitizers are there for plugins under test.
bool isRunTime(const std::string& library) {
  constexpr std::string_view names[] = {"libc.so.",       "libm.so.",      "libgcc_s.so.",  "libstdc++.so.",
                                        "libc++.so.",     "libc++abi.so.", "libunwind.so.", "ld-linux",
                                        "libpthread.so.", "libdl.so.",     "librt.so.",     "libasan.so.",
                                        "libubsan.so.",   "libtsan.so.",   "liblsan.so."};
  return std::any_of(std::begin(names), std::end(names),
                     [&](auto name) { return library.rfind(name, 0) == 0; });
}

std::string listed(const std::vector<std::string>& texts) {
  std::string line;
  for (const auto& text : texts) line += (line.empty() ? "" : ", ") + text;
  return line;
}

void checkFile(const std::filesystem::path& file, Report& report) {
  const auto bytes = readTrustedFile(file);
  const auto elf = bytes ? inspectElf(*bytes) : Result<ElfFacts>(bytes.error());
  if (!report.check("the file is a whole shared object", elf.ok(), elf.ok() ? "" : elf.error().message))
    return;
  report.check("it exports " AGW_ENTRY_SYMBOL " and nothing else",
               elf->exports == std::vector<std::string>{AGW_ENTRY_SYMBOL},
               "it exports " + listed(elf->exports));
  std::vector<std::string> foreign;
  std::copy_if(elf->needs.begin(), elf->needs.end(), std::back_inserter(foreign),
               [](const auto& name) { return !isRunTime(name); });
  report.check("it needs the C and C++ run time alone", foreign.empty(), "it needs " + listed(foreign));
}

void checkGivenOptions(const Plugin& plugin, const std::string& optionsJson, Report& report) {
  boost::system::error_code failed;
  const auto options = boost::json::parse(optionsJson, failed);
  if (!report.check("the options are a JSON object", !failed && options.is_object())) return;
  const auto faults = checkOptions(plugin, options.get_object());
  report.check("the options fit the schema", faults.empty(),
               faults.empty() ? "" : faults[0].pointer + " " + faults[0].message);
}

void checkFixtures(const Plugin& plugin, const std::filesystem::path& folder, Report& report) {
  std::vector<std::filesystem::path> files;
  std::error_code failed;
  for (std::filesystem::directory_iterator item(folder, failed), end; !failed && item != end;
       item.increment(failed)) {
    if (item->path().extension() == ".txt") files.push_back(item->path());
  }
  std::sort(files.begin(), files.end());
  report.check("there are fixtures in " + folder.string(), !files.empty(), failed.message());
  for (const auto& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    std::string why;
    bool same = false;
    try {
      const auto outcome = auth_gateway::testing::runFixture(*plugin.descriptor, text.str());
      same = outcome.expected == outcome.actual;
      why = "expected\n" + outcome.expected + "--- but it did\n" + outcome.actual;
    } catch (const std::exception& failure) {
      why = std::string("the fixture cannot be read: ") + failure.what();
    }
    report.check("fixture " + file.filename().string(), same, why);
  }
}

}  // namespace

int checkProvider(const std::filesystem::path& file, std::ostream& out, const ProviderCheckOptions& options) {
  Report report(out);
  const auto plugin = loadPlugin(file, "");
  if (!report.check("the gateway loads it", plugin.ok(), plugin.ok() ? "" : plugin.error().message))
    return report.close();
  report.note(plugin->displayName + " (" + plugin->id + ") " + plugin->version);
  checkFile(file, report);
  checkGivenOptions(*plugin, options.optionsJson, report);
  checkBehaviour(*plugin, options.optionsJson, report);
  if (!options.fixtures.empty()) checkFixtures(*plugin, options.fixtures, report);
  return report.close();
}

}  // namespace agw
