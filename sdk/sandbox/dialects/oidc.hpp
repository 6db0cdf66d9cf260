#pragma once

#include "dialect.hpp"

namespace sandbox {

/// OAuth 2.0 and OpenID Connect as the standards say. What others have in common with them is theirs too.
class Oidc : public Dialect {
 public:
  explicit Oidc(const Parts& parts);

 protected:
  struct WithoutRoutes {};
  Oidc(const Parts& parts, WithoutRoutes) : Dialect(parts) {}

  [[nodiscard]] Reply token(const Call& call);
  [[nodiscard]] Reply revoke(const Call& call);
  [[nodiscard]] Reply userinfo(const Call& call) const;
  [[nodiscard]] Reply keySet() const { return jsonReply(parts_.keys.signer.keySet()); }
  [[nodiscard]] Reply discovery(const Call& call) const;

  /// Who the client is; the refusal in the provider's own words.
  [[nodiscard]] virtual ClientAuth authenticate(const Call& call, const Parameters& form) const;
  /// Another grant type than the two that all have.
  [[nodiscard]] virtual Reply otherGrant(const Call& call, const Parameters& form, const Client& client);
  [[nodiscard]] virtual Reply tokenAnswer(const Call& call, const IssuedTokens& tokens, bool first) const;
  [[nodiscard]] virtual Reply tokenError(const Call& call, const OAuthError& error) const;
  [[nodiscard]] virtual Poco::JSON::Object accountClaims(const Consent& consent) const;
  [[nodiscard]] virtual std::string subject(const Consent& consent) const;
  /// `iss` of id_tokens.
  [[nodiscard]] virtual std::string tokenIssuer(const Call& call, const Consent&) const {
    return issuer(call);
  }
  /// What a code gives.
  [[nodiscard]] virtual TokenRequest firstTokens(const Grant& grant, const Policy& policy) const;
  /// After the claims that all id_tokens have; null in `changes` removes one.
  static void merge(Poco::JSON::Object& claims, const Poco::JSON::Object& changes);
  [[nodiscard]] std::string idToken(const Call& call, const IssuedTokens& tokens, bool first) const;
  [[nodiscard]] Poco::JSON::Object tokenMembers(const Call& call, const IssuedTokens& tokens,
                                                bool first) const;
};

}  // namespace sandbox
