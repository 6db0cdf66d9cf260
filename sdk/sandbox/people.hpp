#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sandbox {

struct Account {
  std::string name;
  std::string email;
  bool verified = true;
};

/// The people who live here.
[[nodiscard]] const std::vector<Account>& knownAccounts();
/// One of them, or a new person with that address, verified.
[[nodiscard]] Account accountFor(const std::string& email);
/// What stands before the @.
[[nodiscard]] std::string loginOf(const std::string& email);

struct Organisation {
  std::string name;  ///< `acme`: by which pages, policies and the control API call it
  std::string title;
};

/// The organisations that live here. Each dialect derives the ids by which its provider calls them.
[[nodiscard]] const std::vector<Organisation>& knownOrganisations();
/// One of them, or a new one with that name.
[[nodiscard]] Organisation organisationFor(const std::string& name);

/// Ids that are always the same for the same text, so that a restart changes nobody's identity.
[[nodiscard]] std::int64_t numberOf(const std::string& text, std::int64_t least = 10'000'000);
[[nodiscard]] std::string uuidOf(const std::string& text);
/// `mark` and ten of A-Z and 0-9.
[[nodiscard]] std::string capitalsOf(const std::string& mark, const std::string& text);

}  // namespace sandbox
