#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "provider_check.hpp"

namespace {

constexpr const char* usage =
    "provider-check FILE.so [--options FILE.json] [--fixtures FOLDER]\n"
    "Loads a provider plugin as the gateway does and holds it to the contract.\n"
    "  --options   an entry's options, for plugins that need some\n"
    "  --fixtures  run the fixtures of that folder, too\n";

int misused(const std::string& why) {
  std::cerr << why << "\n" << usage;
  return 2;
}

}  // namespace

int main(int count, char** words) {
  std::string file;
  agw::ProviderCheckOptions options;
  for (int index = 1; index < count; ++index) {
    const std::string word = words[index];
    if (word == "--help") {
      std::cout << usage;
      return 0;
    }
    if (word == "--options" || word == "--fixtures") {
      if (++index == count) return misused(word + " needs a value.");
      if (word == "--fixtures") {
        options.fixtures = words[index];
        continue;
      }
      std::ifstream input(words[index]);
      if (!input) return misused(std::string("Cannot read ") + words[index] + ".");
      std::ostringstream text;
      text << input.rdbuf();
      options.optionsJson = text.str();
    } else if (file.empty() && word.rfind("--", 0) != 0) {
      file = word;
    } else {
      return misused("Unknown: " + word + ".");
    }
  }
  if (file.empty()) return misused("Which plugin?");
  return agw::checkProvider(file, std::cout, options);
}
