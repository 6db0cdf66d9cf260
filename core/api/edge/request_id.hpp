#pragma once

#include <string>

#include "base/random.hpp"

namespace agw::api {

/// A fresh UUID; empty when the system gives no random numbers. Draws for many ids at once and thread: an id
/// has to be unique, not secret.
[[nodiscard]] std::string newRequestId(Random& random);

}  // namespace agw::api
