#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/variables.hpp"

namespace agw {

/// A text of providers.yaml with its references put in: `${NAME}`, `${NAME:-default}` (NAME or NAME_FILE;
/// `$${` is a plain `${`), or, as the whole text, `file:/absolute/path` or `file:${NAME}`.
struct ResolvedText {
  std::string text;
  bool referenced = false;           ///< part of it came from elsewhere
  bool clearDefault = false;         ///< it has `:-` with a text of its own
  std::vector<std::string> missing;  ///< variables and files that are not there
  std::vector<std::string> faults;   ///< broken references and unreadable files; never quote a value
  std::vector<std::string> warnings;
};

[[nodiscard]] ResolvedText resolveReferences(std::string_view written, const Environment& environment);

}  // namespace agw
