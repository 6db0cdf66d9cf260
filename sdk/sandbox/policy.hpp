#pragma once

#include <Poco/JSON/Object.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sandbox {

/// A registered OAuth client of a provider.
struct Client {
  std::string id;
  std::string secret;                     ///< empty: a public client, which PKCE alone protects
  std::vector<std::string> redirectUris;  ///< compared exactly; empty: any loopback address
};

/// What happens to a refresh token when it is used.
enum class Rotation {
  Never,               ///< it stays
  Always,              ///< a new one takes its place; the old one is refused
  AlwaysRevokeFamily,  ///< the same, and use of an old one ends everything the consent gave
  Grace,               ///< the old one works for `graceSeconds` more
  Window,              ///< the same, and its use after that ends everything the consent gave
  Keep,                ///< a new one comes each time and the old ones stay
};

enum class ExpiresIn { Number, Text, Absent };

/// How one imitated provider behaves. Field names in JSON are those of `docs/sandbox.md`.
struct Policy {
  std::string plays = "oidc";  ///< which dialect; a provider keeps the one it was made with
  Rotation rotation = Rotation::AlwaysRevokeFamily;
  int graceSeconds = 10;
  bool refreshEndsAccess = false;  ///< a refresh ends the access tokens before it
  int livingAccess = 0;            ///< so many access tokens of a kind live at once; 0: any number
  int accessTtl = 3600;            ///< seconds
  int refreshTtl = 0;              ///< seconds; 0: no end
  int codeTtl = 600;               ///< seconds
  bool idToken = true;             ///< with scope `openid`
  bool refreshToken = true;
  bool scopeInAnswer = true;
  bool pkceRequired = true;
  bool revokeEndsAccount =
      false;                   ///< a revocation ends all that the account gave to the client, not one consent
  bool revocationAuth = true;  ///< /revoke wants the client's proof, as RFC 7009 does; Google does not
  ExpiresIn expiresIn = ExpiresIn::Number;
  std::optional<std::vector<std::string>> grantedScopes;  ///< at most these; absent: all that were asked for
  /// `iss` of the callback (RFC 9207): absent, the provider's own, or a text to test the reader with.
  bool callbackIssuer = true;
  std::string callbackIssuerText;
  int delayMs = 0;          ///< before every answer
  std::string tokenPrefix;  ///< of every code and token, so that a test can look for them
  std::string webhookUrl;   ///< where events are sent; empty: nowhere
  std::string webhookSecret = "sandbox-webhook-secret";
  std::string installedUrl;       ///< where the browser goes after an installation; empty: a page here
  bool installAuthorizes = true;  ///< an installation also gives a code of the person
  std::vector<Client> clients{{"sandbox-client", "sandbox-secret", {}}};
  /// Merged over the claims last; a null removes one.
  Poco::JSON::Object::Ptr idTokenClaims = new Poco::JSON::Object;
  Poco::JSON::Object::Ptr userinfoClaims = new Poco::JSON::Object;

  [[nodiscard]] const Client* client(const std::string& id) const;
};

/// A request to the control API that cannot be followed; the text says which field and what is allowed.
class BadControl : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `policy` with the fields that are present in `json`. Throws `BadControl`.
[[nodiscard]] Policy policyFromJson(const Poco::JSON::Object& json, Policy policy);
[[nodiscard]] Poco::JSON::Object policyToJson(const Policy& policy);

/// Whether the client may be answered at this address.
[[nodiscard]] bool mayRedirect(const Client& client, const std::string& uri);

}  // namespace sandbox
