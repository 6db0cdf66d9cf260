#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agw {

/// What a shared object says about itself, read from its bytes without running any of it.
struct ElfFacts {
  std::vector<std::string> exports;  ///< defined dynamic symbols that others can see
  std::vector<std::string> needs;    ///< DT_NEEDED: libraries it wants
};

/// `BadOption`, with the rest of a sentence that begins with the file's name, unless `bytes` are a whole
/// 64-bit ELF shared object of this machine: a cut one would end the process with SIGBUS once it is mapped.
[[nodiscard]] Result<ElfFacts> inspectElf(std::string_view bytes);

}  // namespace agw
