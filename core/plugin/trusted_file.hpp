#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace agw {

/// The bytes of `file`, if nobody but root and the user of this process can change them: the file and every
/// folder above it, up to the root, belong to one of the two and are not writable by group or others. A
/// folder that all may write to is refused with its sticky bit, too: others could still have put the next
/// folder there first.
///
/// `BadOption` with a whole sentence otherwise. What is checked and what is read is one open file, so a swap
/// between the two changes nothing.
[[nodiscard]] Result<std::string> readTrustedFile(const std::filesystem::path& file);

}  // namespace agw
