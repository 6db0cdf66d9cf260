#pragma once

#include <filesystem>
#include <string>

#include "plugin/plugin.hpp"

namespace agw::test {

/// A plugin of the shelf, as it was built.
[[nodiscard]] std::filesystem::path shelf(const std::string& name);

/// A folder of a test's own below the build tree, where nobody else can write; gone afterwards. Also watches
/// whether code of a plugin ran, for the plugins of the shelf leave a marker when they are mapped.
class Bench {
 public:
  Bench();
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// A copy of a shelf plugin in here, as `name`.so.
  [[nodiscard]] std::filesystem::path copy(const std::string& plugin, const std::string& name = "") const;
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& bytes) const;
  [[nodiscard]] bool codeRan() const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path marker_;
};

[[nodiscard]] std::string bytesOf(const std::filesystem::path& file);

/// The sentence of the refusal; empty when it loaded.
[[nodiscard]] std::string refusal(const std::filesystem::path& file, const std::string& sha256 = "");

}  // namespace agw::test
