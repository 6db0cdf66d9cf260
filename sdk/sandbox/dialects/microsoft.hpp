#pragma once

#include "dialects/oidc.hpp"

namespace sandbox {

/// Microsoft Entra ID with a tenant in each address, and of Graph what tells who somebody is
/// (learn.microsoft.com/entra/identity-platform). The organisations of the sandbox are tenants.
class Microsoft final : public Oidc {
 public:
  explicit Microsoft(const Parts& parts);

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
  [[nodiscard]] Reply sendBack(const Call& call, const std::string& redirectUri,
                               std::vector<std::pair<std::string, std::string>> parameters) const override;

  [[nodiscard]] ClientAuth authenticate(const Call& call, const Parameters& form) const override;
  [[nodiscard]] Reply tokenError(const Call& call, const OAuthError& error) const override;
  [[nodiscard]] Reply tokenAnswer(const Call& call, const IssuedTokens& tokens, bool first) const override;
  [[nodiscard]] TokenRequest firstTokens(const Grant& grant, const Policy& policy) const override;
  [[nodiscard]] std::string tokenIssuer(const Call& call, const Consent& consent) const override;
  [[nodiscard]] Poco::JSON::Object accountClaims(const Consent& consent) const override;
  [[nodiscard]] std::string subject(const Consent& consent) const override;
  [[nodiscard]] Reply otherGrant(const Call& call, const Parameters& form, const Client& client) override;

 private:
  void addGraph();
  [[nodiscard]] Reply metadata(const Call& call) const;
  [[nodiscard]] Reply startDevice(const Call& call);
  [[nodiscard]] Reply deviceTokens(const Call& call, const std::string& deviceCode, const Client& client);
  /// Client credentials: a token of the app itself, where an administrator let it in.
  [[nodiscard]] Reply appToken(const Call& call, const std::string& scope, const Client& client);
  [[nodiscard]] Reply adminConsent(const Call& call);
  /// `error` of RFC 6749 with what Microsoft puts beside it. `number`: of AADSTS; 0: none.
  [[nodiscard]] Reply failure(int status, const std::string& error, int number, const std::string& story,
                              const std::string& suberror = {}) const;
};

/// Where accounts of nobody's organisation live.
inline constexpr const char* kPersonalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Whom an address may mean by its tenant: `common`, `organizations`, `consumers`, an id, or a domain.
struct MicrosoftTenants {
  explicit MicrosoftTenants(const std::string& word);
  std::vector<std::string> names;  ///< organisations, `personal`; empty: there is no such tenant
  bool single = false;             ///< the address names exactly one
};
/// `personal` or an organisation of the sandbox to its id.
[[nodiscard]] std::string microsoftTenantId(const std::string& name);

}  // namespace sandbox
