#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace agw {

/// The bytes of `file`, if nobody but root and the user of this process can change them: the file and every
/// folder above it, up to the root, belong to one of the two and are not writable by others, nor by a group
/// unless that is its owner's private one (same name, no further members). Above the file's own folder, one
/// that all may write to passes with its sticky bit (`/tmp`), for there nobody can move away what is somebody
/// else's.
///
/// `BadOption` with a whole sentence otherwise. What is checked and what is read is one open file, so a swap
/// between the two changes nothing.
[[nodiscard]] Result<std::string> readTrustedFile(const std::filesystem::path& file);

}  // namespace agw
