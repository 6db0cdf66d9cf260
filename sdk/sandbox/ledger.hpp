#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <functional>
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
  std::string challenge;  ///< PKCE; empty: none was sent
  bool plainChallenge = false;
  std::string nonce;
  std::string account;  ///< e-mail; empty: nobody, the client acts for itself
  std::vector<std::string> scopes;
  std::vector<std::string> userScopes;     ///< where a consent gives a second kind of token
  std::vector<std::string> organisations;  ///< names of those it covers
  std::string note;                        ///< the dialect's own
};

enum class TokenKind { Code, Access, Refresh };

/// An error of RFC 6749 section 5.2, and for those who call it otherwise what is behind it.
struct OAuthError {
  enum class Reason { Request, Unknown, Spent, Expired, Revoked, Client, Redirect, Verifier, Scope };
  std::string code;
  std::string description;
  Reason reason = Reason::Request;
};

/// A consent in the ledger.
struct Grant {
  std::size_t family = 0;
  Consent consent;
};

/// One set of tokens to issue.
struct TokenRequest {
  std::vector<std::string> scopes;
  std::string label{};  ///< `bot`, `user`: kinds of one consent, each with a life of its own
  bool refresh = true;
  std::optional<int> accessTtl{};  ///< absent: the policy's
};

/// What a token request gives.
struct IssuedTokens {
  std::size_t family = 0;
  std::string access;
  std::string refresh;  ///< empty: none, or the old one stays
  std::string label;
  Consent consent;  ///< with the scopes of these tokens
};
using Outcome = std::variant<IssuedTokens, OAuthError>;

/// What the ledger knows of an access token, living or not.
struct AccessToken {
  enum class State { Alive, Expired, Revoked } state = State::Alive;
  std::size_t family = 0;
  std::string label;
  Consent consent;  ///< with the scopes of this token
  std::int64_t issuedAt = 0;
  std::int64_t expiresAt = 0;  ///< 0: no end
};

/// Every code and token one provider ever issued, and the rules that end them. It is what tests compare a
/// client's store with. Safe to call from many threads.
class Ledger {
 public:
  /// The text of a new code or token; it must never be the same twice.
  using Mint = std::function<std::string(TokenKind, const Consent&, const std::string& label)>;
  Ledger(const Clock& clock, Mint mint) : clock_(clock), mint_(std::move(mint)) {}

  [[nodiscard]] std::string issueCode(const Consent& consent, const Policy& policy);
  /// RFC 6749 section 4.1.3 and RFC 7636 section 4.6. A second use of a code ends what the first one gave.
  /// `redirectUri` absent: the provider does not compare it.
  [[nodiscard]] std::variant<Grant, OAuthError> redeem(const std::string& code, const std::string& clientId,
                                                       const std::optional<std::string>& redirectUri,
                                                       const std::string& verifier);
  /// A consent without a code: of a device, or of the client itself.
  [[nodiscard]] Grant open(const Consent& consent);
  [[nodiscard]] IssuedTokens issue(const Grant& grant, const TokenRequest& request, const Policy& policy);
  /// RFC 6749 section 6. `scopes`: empty, or a subset of what was granted.
  [[nodiscard]] Outcome refresh(const std::string& token, const std::string& clientId,
                                const std::vector<std::string>& scopes, const Policy& policy);

  /// RFC 7009: a token that nobody knows, or another client's, changes nothing. `clientId` empty: nobody
  /// asked who the client is.
  void revoke(const std::string& token, const std::string& clientId, const Policy& policy);
  /// Ends this token and leaves the others of its consent.
  void endToken(const std::string& token);
  void endFamily(std::size_t family);
  /// The person withdraws consent at the provider. Empty: everybody does. Returns how many families ended.
  int withdraw(const std::string& account);
  /// Whether this token, of any kind, still works.
  [[nodiscard]] bool isAlive(const std::string& token) const;
  /// Ends the refresh tokens of the consents that are `meant` and lets their access tokens live to their end.
  void endRefresh(const std::function<bool(const Consent&)>& meant);
  /// What the account granted the client before shrinks to `scopes`.
  void narrow(const std::string& account, const std::string& clientId,
              const std::vector<std::string>& scopes);
  /// Takes the organisation out of all consents, and ends those that cover no other.
  void leaveOrganisation(const std::string& organisation);

  /// The consent behind a living access token.
  [[nodiscard]] std::optional<Consent> access(const std::string& token) const;
  [[nodiscard]] std::optional<AccessToken> find(const std::string& token) const;
  /// Consents that still have a living token.
  [[nodiscard]] std::vector<Consent> living() const;

  void count(const std::string& endpoint);
  /// Requests by endpoint, and uses of what was spent.
  [[nodiscard]] Poco::JSON::Object counts() const;
  /// The same, and every token.
  [[nodiscard]] Poco::JSON::Object toJson() const;

 private:
  enum class State { Alive, Spent, Revoked };
  struct Entry {
    TokenKind kind;
    std::string value;
    std::size_t family;
    std::vector<std::string> scopes;
    std::string label{};
    std::string verifier{};  ///< of a code: what the client proved itself with
    State state = State::Alive;
    std::int64_t issuedAt = 0;
    /// 0: no end. To the millisecond, so that a token lives as long as its answer promised.
    std::int64_t expiresAtMillis = 0;
    std::int64_t spentAt = 0;
    int uses = 0;
  };
  struct Family {
    Consent consent;
    std::vector<std::size_t> entries;
    bool ended = false;
  };

  std::string add(TokenKind kind, std::size_t family, const TokenRequest& request, int ttl,
                  const Policy& policy);
  IssuedTokens issueLocked(std::size_t family, const TokenRequest& request, const Policy& policy);
  [[nodiscard]] Entry* entry(TokenKind kind, const std::string& value);
  [[nodiscard]] bool expired(const Entry& entry) const;
  [[nodiscard]] std::string stateOf(const Entry& entry) const;
  void end(std::size_t family);
  void limitAccess(std::size_t family, const std::string& label, int most);
  [[nodiscard]] bool inGrace(const Entry& entry, const Policy& policy) const;
  Outcome refuseSpent(const Entry& entry, const Policy& policy);
  [[nodiscard]] Poco::JSON::Object countsLocked() const;

  const Clock& clock_;
  const Mint mint_;
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
