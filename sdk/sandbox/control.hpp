#pragma once

#include <string>
#include <vector>

#include "http.hpp"
#include "registry.hpp"

namespace sandbox {

/// The control API: `/_control/...`, for programs on this machine only.
/// `segments`: the path after `/_control/`, split.
[[nodiscard]] Reply control(Registry& registry, const std::vector<std::string>& segments,
                            const Request& request);

}  // namespace sandbox
