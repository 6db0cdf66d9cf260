#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "domain/installation.hpp"

namespace agw {

/// Who a grant is stored under after consent; `docs/configuration.md` explains the choice.
enum class IdentityPolicy {
  Match,    ///< the consenting account's verified e-mail must be the one asked for
  Confirm,  ///< somebody repeats the code that the consenting person was shown
  None,     ///< no check: an administrator's explicit choice
};

/// What a plugin says it can do. Bits are those of the plugin contract.
struct Capabilities {
  enum class Pkce { None, Optional, Required } pkce = Pkce::Required;
  bool refresh = false;
  bool revoke = false;
  bool revokesAccount = false;  ///< a revocation ends every grant of that account for this client
  bool identity = false;        ///< answers who consented
  bool verifiedEmail = false;   ///< and its e-mail is verified by the provider
  bool installations = false;
  bool device = false;
  bool webhooks = false;
  bool mints = false;  ///< makes an installation's tokens with the client's own credentials
};

/// Which grants of an entry the gateway renews by itself before their access token ends.
enum class Proactive {
  All,
  Active,  ///< those read or consented to within a week; of the others, only refresh tokens about to end
           ///< unused
  Off,     ///< none: a grant is renewed when it is read
};

struct RefreshPolicy {
  Proactive proactive = Proactive::All;
  int perSecond = 250;  ///< renewals nobody waits for that this process starts in any second; at least 1
};

/// An entry of providers.yaml, checked, with its references (`${ENV}`, `file:`) resolved. Immutable once
/// built.
struct ProviderConfig {
  std::string id;
  std::string plugin;
  std::string displayName;  ///< empty: the plugin's own
  std::string clientId;
  Secret clientSecret;
  Secret webhookSecret{};  ///< proves inbound events; empty: none
  Secret privateKey{};     ///< PEM of the client's RSA key, for signed requests; empty: none
  Scopes scopes;
  std::optional<IdentityPolicy>
      identity;             ///< absent: Match where the plugin yields a verified e-mail, else Confirm
  std::string redirectUri;  ///< complete; derived from OAUTH_CALLBACK_BASE unless set
  std::string installRedirectUri{};  ///< of organisations: complete, always derived from OAUTH_CALLBACK_BASE
  bool allowPublicInstall = false;   ///< a browser without key or ticket may begin an install
  bool allowPrivate = false;
  RefreshPolicy refresh{};
  std::string sha256;           ///< hex digest the plugin file must have; empty: not pinned
  boost::json::object options;  ///< the plugin's own, valid by its schema
  /// Variables or files that the entry refers to and that are not there. Not empty: listed as "not
  /// configured".
  std::vector<std::string> missing;
  /// Digest of all but the secret: a flow remembers it, so that a code is exchanged by the client that asked
  /// for it.
  std::string fingerprint;
};

/// What the provider handed out at an exchange or refresh.
struct TokenSet {
  Secret accessToken;
  Secret refreshToken;  ///< empty: none in the answer
  Secret idToken;       ///< empty: none in the answer
  std::string tokenType = "Bearer";
  /// Life from receipt; absent: the answer did not say. Zero and negative values never get here.
  std::optional<std::chrono::seconds> expiresIn;
  std::optional<std::chrono::seconds> refreshExpiresIn;
  /// Absent: as asked for (RFC 6749 section 5.1).
  std::optional<Scopes> scopes;
  /// The plugin's own memory, stored encrypted beside the tokens and given back at every later operation.
  Secret carry;
  std::string kind{};  ///< where one consent gives several tokens: `user`, `bot`; else empty
};

/// The account that consented, as the provider knows it.
struct Identity {
  std::string issuer;
  std::string subject;  ///< the provider's stable id; the key
  std::string email;    ///< empty: not told
  bool emailVerified = false;
};

/// Whose grant an operation is about.
enum class Purpose { User, Installation };

/// How the provider treats refresh tokens, as far as it says.
struct RefreshFacts {
  /// After a rotation, the spent refresh token is still taken for this long: a lost answer can be asked for
  /// again.
  std::chrono::seconds grace{0};
  /// A refresh token that is not used for this long ends; absent: it does not end that way.
  std::optional<std::chrono::seconds> idleTtl;
  /// An access token is to be renewed this long before its end, if the usual margin is smaller: for providers
  /// that cannot renew one that has ended.
  std::chrono::seconds renewBefore{0};
  /// All grants of an account at one client share their fate: they are refreshed one at a time.
  bool perAccount = false;
};

struct AuthorizationRequest {
  std::string state;
  std::string nonce;
  std::string codeChallenge;  ///< S256; the verifier never leaves the vault before the exchange
  Scopes scopes;
  std::string loginHint;
  Purpose purpose = Purpose::User;
  std::string orgId{};  ///< installations: the organisation that is meant; empty: the person chooses
  /// What `refresh` said that this consent must answer (`facts["challenge"]`); empty: nothing.
  std::string challenge{};
};

struct CodeExchange {
  Secret code;
  Secret codeVerifier;
  Scopes scopes;
};

struct RefreshRequest {
  Secret refreshToken;
  Secret accessToken;  ///< for providers that renew the access token itself
  Scopes scopes;
  Secret carry;
  Purpose purpose = Purpose::User;
  std::string kind{};
};

struct RevokeRequest {
  Secret accessToken;
  Secret refreshToken;
  Secret carry;
  Purpose purpose = Purpose::User;
  std::string kind{};
  std::string orgId{};           ///< installations only
  std::string installationId{};  ///< installations only
};

/// RFC 8628 section 3.5.
inline constexpr const char* kDeviceExpired = "expired_token";

/// One look at a device authorization (RFC 8628 section 3.5).
struct DevicePoll {
  std::optional<TokenSet> tokens;  ///< absent: the person has not decided yet
  bool slowDown = false;           ///< ask 5 s less often from now on
};

/// A provider entry that works: configuration and plugin together. Obtained from `ProviderDirectory`.
///
/// Every operation may block for the outbound deadline (10 s), holds no lock and no database connection, and
/// may be called from many threads. Failures are `Error`s of the kinds that the plugin contract lists; only a
/// code that the plugin lists yields `GrantDead`.
class Provider {
 public:
  virtual ~Provider() = default;

  [[nodiscard]] virtual const ProviderConfig& config() const = 0;
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;
  [[nodiscard]] virtual const std::string& displayName() const = 0;
  /// Issuers that may stand in `iss` of a callback (RFC 9207); empty: the provider announces none.
  [[nodiscard]] virtual std::vector<std::string> issuers() const = 0;
  /// True when the provider promises `iss` in every callback, so that its absence is an attack.
  [[nodiscard]] virtual bool issuerRequired() const = 0;
  /// Life of an access token whose answer does not tell (`access_ttl_default`); absent: it has no end.
  [[nodiscard]] virtual std::optional<std::chrono::seconds> accessTtlDefault() const = 0;

  [[nodiscard]] virtual RefreshFacts refreshFacts() const { return {}; }

  /// Pure: no network.
  [[nodiscard]] virtual Result<std::string> authorizationUrl(const AuthorizationRequest& request) = 0;
  [[nodiscard]] virtual Result<TokenSet> exchange(const CodeExchange& request) = 0;
  /// `facts["challenge"]` of a `GrantDead`: what the link of the next consent must carry, at most 4 KB of
  /// UTF-8 without control characters, no secret; see `AuthorizationRequest::challenge`.
  [[nodiscard]] virtual Result<TokenSet> refresh(const RefreshRequest& request) = 0;
  /// Success also when the provider does not know the token any more (RFC 7009 section 2.2).
  [[nodiscard]] virtual Result<void> revoke(const RevokeRequest& request) = 0;
  /// `nonce` is the one of the authorization request; an id_token with another is `Malformed`. Empty for a
  /// device, whose request has none.
  [[nodiscard]] virtual Result<Identity> identify(const TokenSet& tokens, const std::string& nonce) = 0;
  /// Scopes as the provider spells them in answers, so that asked and granted can be compared.
  [[nodiscard]] virtual Scopes normalizeScopes(const Scopes& scopes) const = 0;

  // ---- what not every provider has; capabilities() tells. `Unsupported` otherwise.
  // ------------------------------------------------------------------------------------------
  /// The redirect of an installation. Pure: no network.
  [[nodiscard]] virtual Result<InstallationCallback> readCallback(const CallbackReading& reading);
  /// All tokens that an installation's consent gave, the one for callers who name no kind first.
  [[nodiscard]] virtual Result<std::vector<TokenSet>> exchangeInstallation(const CodeExchange& request);
  /// The organisations that `tokens` cover. What the redirect claims is checked with the person's own token.
  [[nodiscard]] virtual Result<std::vector<InstallationFacts>> installations(
      const std::vector<TokenSet>& tokens, const QueryParameters& redirect);
  [[nodiscard]] virtual Result<TokenSet> mintInstallationToken(const MintRequest& request);
  /// Verifies and reads an inbound event. `Denied`: the signature or its time is wrong.
  [[nodiscard]] virtual Result<WebhookReading> readWebhook(const WebhookRequest& request);
  [[nodiscard]] virtual Result<DeviceGrant> startDevice(const Scopes& scopes);
  /// `Denied` when the person refused, or, with the code `kDeviceExpired`, when the device code's time was
  /// over.
  [[nodiscard]] virtual Result<DevicePoll> pollDevice(const Secret& deviceCode, const Scopes& scopes);
};

[[nodiscard]] IdentityPolicy effectiveIdentity(const Provider& provider);

enum class LoadState { Ready, NotConfigured, Failed };

/// One line of `GET /providers`: also for entries that could not be loaded.
struct ProviderStatus {
  std::string id;
  std::string displayName;
  std::string plugin;
  std::string pluginVersion;
  Capabilities capabilities;
  LoadState state = LoadState::Failed;
  std::string reason;  ///< for people; empty when ready
};

/// The providers of this process. A reload swaps the whole set; a `Provider` that somebody holds stays
/// usable. Safe to call from many threads.
class ProviderDirectory {
 public:
  virtual ~ProviderDirectory() = default;
  /// `NotFound` (`unknown_provider`) for an id that the file does not have; `Transient`
  /// (`provider_not_configured`) for one that is there and cannot work, with the reason.
  [[nodiscard]] virtual Result<std::shared_ptr<Provider>> find(const std::string& id) const = 0;
  [[nodiscard]] virtual std::vector<ProviderStatus> list() const = 0;
  /// In the order of the file.
  [[nodiscard]] virtual std::vector<DeclaredInstallation> declaredInstallations() const { return {}; }
};

}  // namespace agw
