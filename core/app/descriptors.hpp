#pragma once

#include <cstddef>

namespace agw {

/// Raises this process's limit of open files as far as it may without privileges, and tells what it is now.
std::size_t raiseDescriptorLimit();

/// How many connections of clients, at most `most`, a process with that many descriptors may keep, so that
/// whoever opens many does not take those that calls to providers, the database and files need.
[[nodiscard]] int connectionsWithin(std::size_t descriptors, int most);

}  // namespace agw
