#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "clock.hpp"
#include "policy.hpp"

namespace sandbox {

/// What a person allowed a client. Everything issued for it is one family and ends together.
struct Consent {
  std::string clientId;
  std::string redirectUri;
  std::string challenge;  ///< PKCE S256; empty: none was sent
  std::string nonce;
  std::string account;
  std::vector<std::string> scopes;
};

/// An error of RFC 6749 section 5.2.
struct OAuthError {
  std::string code;
  std::string description;
};

/// What a token request gives.
struct IssuedTokens {
  std::string access;
  std::string refresh;  ///< empty: none, or the old one stays
  Consent consent;
};
using Outcome = std::variant<IssuedTokens, OAuthError>;

/// Every code and token one provider ever issued, and the rules that end them. It is what tests compare a
/// client's store with. Safe to call from many threads.
class Ledger {
 public:
  explicit Ledger(const Clock& clock) : clock_(clock) {}

  [[nodiscard]] std::string issueCode(const Consent& consent, const Policy& policy);
  /// RFC 6749 section 4.1.3 and RFC 7636 section 4.6. A second use of a code ends what the first one gave.
  [[nodiscard]] Outcome redeemCode(const std::string& code, const std::string& clientId,
                                   const std::string& redirectUri, const std::string& verifier,
                                   const Policy& policy);
  /// RFC 6749 section 6. `scopes`: empty, or a subset of what was granted.
  [[nodiscard]] Outcome refresh(const std::string& token, const std::string& clientId,
                                const std::vector<std::string>& scopes, const Policy& policy);
  /// RFC 7009: a token that nobody knows, or another client's, changes nothing. `clientId` empty: nobody
  /// asked who the client is.
  void revoke(const std::string& token, const std::string& clientId, const Policy& policy);
  /// The person withdraws consent at the provider. Empty: everybody does. Returns how many families ended.
  int withdraw(const std::string& account);
  /// The consent behind a living access token.
  [[nodiscard]] std::optional<Consent> access(const std::string& token) const;

  void count(const std::string& endpoint);
  [[nodiscard]] Poco::JSON::Object toJson() const;

 private:
  enum class Kind { Code, Access, Refresh };
  enum class State { Alive, Spent, Revoked };
  struct Entry {
    Kind kind;
    std::string value;
    std::size_t family;
    std::vector<std::string> scopes;
    std::string verifier{};  ///< of a code: what the client proved itself with
    State state = State::Alive;
    std::int64_t issuedAt = 0;
    std::int64_t expiresAt = 0;  ///< 0: no end
    std::int64_t spentAt = 0;
    int uses = 0;
  };
  struct Family {
    Consent consent;
    std::vector<std::size_t> entries;
    bool ended = false;
  };

  std::string issue(Kind kind, std::size_t family, std::vector<std::string> scopes, int ttl,
                    const Policy& policy);
  IssuedTokens issuePair(std::size_t family, std::vector<std::string> scopes, bool withRefresh,
                         const Policy& policy);
  [[nodiscard]] Entry* find(Kind kind, const std::string& value);
  [[nodiscard]] bool expired(const Entry& entry) const;
  [[nodiscard]] std::string stateOf(const Entry& entry) const;
  void endFamily(std::size_t family);
  Outcome refuseSpent(const Entry& entry, const Policy& policy);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Family> families_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> byValue_;
  std::map<std::string, int> requests_;
  int reuse_ = 0;
  int reuseInGrace_ = 0;
  int codeReplays_ = 0;
};

}  // namespace sandbox
