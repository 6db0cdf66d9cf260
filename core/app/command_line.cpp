#include "app/command_line.hpp"

namespace agw {

int runCommand(int, char**) { return 2; }

}  // namespace agw
