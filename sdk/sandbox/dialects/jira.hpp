#pragma once

#include "dialects/oidc.hpp"

namespace sandbox {

/// Atlassian's Cloud with Jira and Confluence: `/authorize` and `/oauth` as at auth.atlassian.com, `/api` as
/// api.atlassian.com (developer.atlassian.com/cloud/oauth). The organisations of the sandbox are sites.
class Jira final : public Oidc {
 public:
  explicit Jira(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;
  [[nodiscard]] std::vector<Action> actions() const override;
  [[nodiscard]] std::vector<Delivery> happen(const Event& event, const Call& call) override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void dress(const Call& call, const Consent& consent, FormView& view) const override;
  [[nodiscard]] std::string choose(const Call& call, const Parameters& form, Consent& consent) const override;
  [[nodiscard]] Reply sendBack(const Call& call, const std::string& redirectUri,
                               std::vector<std::pair<std::string, std::string>> parameters) const override;

  [[nodiscard]] ClientAuth authenticate(const Call& call, const Parameters& form) const override;
  [[nodiscard]] Reply tokenError(const Call& call, const OAuthError& error) const override;
  [[nodiscard]] TokenRequest firstTokens(const Grant& grant, const Policy& policy) const override;
  [[nodiscard]] Reply otherGrant(const Call& call, const Parameters& form, const Client& client) override;

 private:
  using Handler = std::function<Reply(const Call&, const Consent&)>;
  /// For whoever has a living token with one of these scopes; none: any token.
  void api(const std::string& pattern, const std::string& endpoint, const std::vector<std::string>& scopes,
           Handler handler);
  [[nodiscard]] Reply sites(const Consent& consent) const;
};

}  // namespace sandbox
