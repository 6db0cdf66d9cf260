#include "shelf.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace agw::test {

namespace fs = std::filesystem;

fs::path shelf(const std::string& name) {
  return fs::path(AGW_SHELF) / (name + ".so");
}

std::string bytesOf(const fs::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string refusal(const fs::path& file, const std::string& sha256) {
  const auto plugin = loadPlugin(file, sha256);
  return plugin ? std::string() : plugin.error().message;
}

Bench::Bench() {
  std::string name = (fs::path(AGW_SHELF) / "bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
  folder_ = fs::path(name) / "plugins";
  fs::create_directory(folder_);
  ::chmod(folder_.c_str(), 0755);
  marker_ = fs::path(name) / "marker";
  ::setenv("AGW_TEST_MARKER", marker_.c_str(), 1);
}

Bench::~Bench() {
  ::unsetenv("AGW_TEST_MARKER");
  std::error_code ignored;
  fs::remove_all(folder_.parent_path(), ignored);
}

fs::path Bench::copy(const std::string& plugin, const std::string& name) const {
  // The loader maps equal bytes once, so that their code would not run a second time: what is behind the last
  // section makes them different.
  static int copies = 0;
  return write((name.empty() ? plugin : name) + ".so",
               bytesOf(shelf(plugin)) + "copy " + std::to_string(++copies));
}

fs::path Bench::write(const std::string& name, const std::string& bytes) const {
  const auto file = folder_ / name;
  std::ofstream(file, std::ios::binary) << bytes;
  ::chmod(file.c_str(), 0755);
  return file;
}

bool Bench::codeRan() const {
  return fs::exists(marker_);
}

}  // namespace agw::test
