#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

namespace agw {

struct ProviderCheckOptions {
  std::string optionsJson = "{}";  ///< an entry's `options`, for plugins that need some
  std::filesystem::path fixtures;  ///< folder of *.txt fixtures to run, too; empty: none
};

/// Loads the plugin as the gateway would, then holds it to the contract: every operation under good and bad
/// answers. Prints a line a check and at the end `N passed, N failed`. 0 when nothing failed, else 1.
[[nodiscard]] int checkProvider(const std::filesystem::path& file, std::ostream& out,
                                const ProviderCheckOptions& options = {});

}  // namespace agw
