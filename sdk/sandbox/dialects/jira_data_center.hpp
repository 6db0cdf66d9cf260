#pragma once

#include "dialects/oidc.hpp"

namespace sandbox {

/// Jira Data Center, a site with an authorization server of its own (confluence.atlassian.com, "Jira
/// OAuth 2.0 provider API"): forms, scopes that include each other, rotation without grace.
class JiraDataCenter final : public Oidc {
 public:
  explicit JiraDataCenter(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void readRequest(const Call& call, Consent& consent) const override;

 private:
  [[nodiscard]] Reply metadata(const Call& call) const;
  [[nodiscard]] Reply myself(const Call& call) const;
};

}  // namespace sandbox
