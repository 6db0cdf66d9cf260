#pragma once

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

struct ConsentView {
  std::string provider;
  std::string clientId;
  std::string action;  ///< where the form goes: the address of this page
  std::string chosen;  ///< address to select; empty: the first
  std::vector<std::string> scopes;
};

/// The page that asks the person. Works without script.
[[nodiscard]] std::string consentPage(const ConsentView& view);
/// A page with a headline and a sentence.
[[nodiscard]] std::string messagePage(const std::string& title, const std::string& text);
/// What this provider is and where its endpoints are.
[[nodiscard]] std::string indexPage(const std::string& provider, const std::string& issuer);

/// Header value that goes with all pages: nothing but their own style.
[[nodiscard]] const std::string& contentSecurityPolicy();

}  // namespace sandbox
