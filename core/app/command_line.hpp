#pragma once

namespace agw {

/// The `auth-gateway` command. Returns the exit code: 0 done, 1 refused or failed (the reason is on standard error),
/// 2 wrong usage.
[[nodiscard]] int runCommand(int argc, char** argv);

}  // namespace agw
