#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace agw {

class HostCall;

/// The contract's number for a kind of failure, and back. A number that the contract does not have is the
/// plugin's bug.
[[nodiscard]] std::int32_t statusOf(ErrorKind kind);
[[nodiscard]] ErrorKind kindOf(std::int32_t status);

/// What is told about an operation of `displayName`'s plugin that ended with `status`: a sentence of ours,
/// then the plugin's hint if that is plain, short and free of secrets. `facts["sent"]` is `no` when nothing
/// reached the provider, `refused` when it answered that it did nothing. `facts["challenge"]` of a dead grant
/// is what its plugin wants to find in the next consent's AGW_AUTHORIZE.
[[nodiscard]] Error errorOf(std::int32_t status, const HostCall& call, const std::string& displayName);

}  // namespace agw
