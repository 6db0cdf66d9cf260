#pragma once

#include <string>
#include <vector>

#include "app/commands/commands.hpp"

namespace agw {

/// The `auth-gateway` command. Returns the exit code: 0 done, 1 refused or failed (the reason is on standard
/// error), 2 wrong usage. Takes the environment out of the process first; call it once, before any thread is
/// started.
[[nodiscard]] int runCommand(int argc, char** argv);

/// The same without the process around it. `words` are those after the program's name.
[[nodiscard]] int runCommand(std::vector<std::string> words, const CommandContext& context);

}  // namespace agw
