#pragma once

#include "dialects/oidc.hpp"

namespace sandbox {

/// Google: OpenID Connect whose refresh tokens stay, come once, and end with the whole account
/// (developers.google.com/identity/protocols/oauth2/web-server). Its hosts are one address here.
class Google final : public Oidc {
 public:
  explicit Google(const Parts& parts);

  [[nodiscard]] Policy usual(Policy policy) const override;
  [[nodiscard]] std::string tokenText(TokenKind kind, const Consent& consent,
                                      const std::string& label) const override;
  [[nodiscard]] std::vector<Action> actions() const override;
  [[nodiscard]] std::vector<Delivery> happen(const Event& event, const Call& call) override;

 protected:
  [[nodiscard]] std::string objection(const Call& call, const Client& client) const override;
  void readRequest(const Call& call, Consent& consent) const override;
  void dress(const Call& call, const Consent& consent, FormView& view) const override;
  [[nodiscard]] std::string choose(const Call& call, const Parameters& form, Consent& consent) const override;

  [[nodiscard]] ClientAuth authenticate(const Call& call, const Parameters& form) const override;
  [[nodiscard]] Reply tokenError(const Call& call, const OAuthError& error) const override;
  [[nodiscard]] TokenRequest firstTokens(const Grant& grant, const Policy& policy) const override;
  [[nodiscard]] Poco::JSON::Object accountClaims(const Consent& consent) const override;
  [[nodiscard]] std::string subject(const Consent& consent) const override;
  [[nodiscard]] Reply otherGrant(const Call& call, const Parameters& form, const Client& client) override;

 private:
  [[nodiscard]] Reply metadata(const Call& call) const;
  [[nodiscard]] Reply endAccount(const Call& call);
  [[nodiscard]] Reply tokenInfo(const Call& call) const;
  [[nodiscard]] Reply startDevice(const Call& call);
};

}  // namespace sandbox
