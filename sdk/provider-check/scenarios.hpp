#pragma once

#include <string>
#include <vector>

#include "auth_gateway/testing.hpp"

namespace agw {

/// An answer that a provider, or something in front of it, may give; and the statuses that are right for it.
struct Scenario {
  std::string name;
  auth_gateway::testing::Answer answer;
  std::vector<std::int32_t> allowed;  ///< empty: anything that is neither a success nor the end of the grant
};

/// Failures that say nothing about a grant, so that none may end it.
[[nodiscard]] std::vector<Scenario> failures();

/// A call with every input that the operation may have.
[[nodiscard]] auth_gateway::testing::Given everythingGiven(std::uint32_t operation,
                                                           const std::string& optionsJson);

/// Texts of `everythingGiven` that must stay out of addresses and hints.
[[nodiscard]] const std::vector<std::string>& givenSecrets();

}  // namespace agw
