#pragma once

#include <string>

#include "plugin/plugin.hpp"
#include "report.hpp"

namespace agw {

/// What a plugin does with each operation.
void checkBehaviour(const Plugin& plugin, const std::string& optionsJson, Report& report);

}  // namespace agw
