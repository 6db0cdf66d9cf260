#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "faults.hpp"
#include "http.hpp"
#include "ledger.hpp"
#include "policy.hpp"
#include "signing.hpp"

namespace sandbox {

/// One imitated OAuth 2.0 / OpenID Connect provider. Safe to call from many threads.
class Provider {
 public:
  Provider(std::string name, const Clock& clock, const Signer& signer);

  struct Answer {
    Reply reply;
    std::optional<Fault> fault;  ///< what is left to do while sending
  };
  /// `endpoint`: `authorize`, `token`, `revoke`, `userinfo`, `jwks` or `discovery`. Waits where a fault or
  /// the policy says so.
  [[nodiscard]] Answer answer(const std::string& endpoint, const Request& request);
  [[nodiscard]] Reply index(const Request& request) const;

  [[nodiscard]] std::shared_ptr<const Policy> policy() const;
  void setPolicy(Policy policy);
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] FaultBoard& faults() { return faults_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] Reply handle(const std::string& endpoint, const Request& request);
  [[nodiscard]] std::string issuer(const Request& request) const;
  [[nodiscard]] Reply discovery(const Request& request) const;
  [[nodiscard]] Reply authorize(const Request& request);
  [[nodiscard]] Reply decide(const Request& request, const Consent& consent, const std::string& state);
  [[nodiscard]] Reply token(const Request& request);
  [[nodiscard]] Reply revoke(const Request& request);
  [[nodiscard]] Reply userinfo(const Request& request) const;
  [[nodiscard]] Reply tokenAnswer(const Request& request, const IssuedTokens& tokens, bool first,
                                  const Policy& policy) const;
  [[nodiscard]] Poco::JSON::Object accountClaims(const Consent& consent) const;
  [[nodiscard]] std::string idToken(const Request& request, const IssuedTokens& tokens, bool first,
                                    const Policy& policy) const;
  [[nodiscard]] Reply backToClient(const Request& request, const std::string& redirectUri,
                                   const std::string& state, const std::string& name,
                                   const std::string& value, const Policy& policy) const;

  const std::string name_;
  const Clock& clock_;
  const Signer& signer_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Policy> policy_;
  Ledger ledger_;
  FaultBoard faults_;
};

}  // namespace sandbox
