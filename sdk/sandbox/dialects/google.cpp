#include "dialects/google.hpp"

#include "certificate.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr int kDeviceLife = 1800;
constexpr int kDeviceInterval = 5;
constexpr const char* kOffline = "offline";
constexpr const char* kRiscEvents = "https://schemas.openid.net/secevent/risc/event-type/";

/// Short names are asked for and long ones come back.
std::string longName(const std::string& scope) {
  if (scope == "email" || scope == "profile") return "https://www.googleapis.com/auth/userinfo." + scope;
  return scope;
}

std::string domainOf(const std::string& email) {
  return email.substr(email.find('@') + 1);
}

}  // namespace

Google::Google(const Parts& parts) : Oidc(parts, WithoutRoutes{}) {
  on("GET POST", "/o/oauth2/v2/auth", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST", "/token", "token", [this](const Call& call) { return token(call); });
  on("GET POST", "/revoke", "revoke", [this](const Call& call) { return endAccount(call); });
  on("GET POST", "/tokeninfo", "userinfo", [this](const Call& call) { return tokenInfo(call); });
  on("GET POST", "/v1/userinfo", "userinfo", [this](const Call& call) { return userinfo(call); });
  on("GET", "/oauth2/v3/certs", "jwks", [this](const Call&) { return keySet(); });
  on("GET", "/oauth2/v1/certs", "jwks", [this](const Call&) {
    const Signer& signer = parts_.keys.signer;
    static const std::string kCertificate = certificatePem(signer.key(), {"federated-signon.example"});
    Poco::JSON::Object certificates;
    certificates.set(signer.keyId(), kCertificate);
    return jsonReply(certificates);
  });
  on("POST", "/device/code", "device", [this](const Call& call) { return startDevice(call); });
  on("GET POST", "/device", "authorize", [this](const Call& call) { return devicePage(call); });
  on("GET", "/.well-known/openid-configuration", "discovery",
     [this](const Call& call) { return metadata(call); });
  on("GET", "/.well-known/risc-configuration", "discovery", [](const Call& call) {
    return jsonReply(
        object({{"issuer", call.root + "/"},
                {"jwks_uri", call.root + "/oauth2/v3/certs"},
                {"delivery_methods_supported",
                 array<std::string>({"https://schemas.openid.net/secevent/risc/delivery-method/push"})}}));
  });
}

Policy Google::usual(Policy policy) const {
  policy.rotation = Rotation::Never;
  policy.accessTtl = 3599;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  policy.revokeEndsAccount = true;
  return policy;
}

std::string Google::tokenText(TokenKind kind, const Consent&, const std::string&) const {
  if (kind == TokenKind::Code) return "4/0A" + randomText(51);
  return kind == TokenKind::Refresh ? "1//0" + randomText(72) : "ya29.a0" + randomText(150);
}

Reply Google::metadata(const Call& call) const {
  const std::string& base = call.root;
  return jsonReply(object({{"issuer", base},
                           {"authorization_endpoint", base + "/o/oauth2/v2/auth"},
                           {"device_authorization_endpoint", base + "/device/code"},
                           {"token_endpoint", base + "/token"},
                           {"userinfo_endpoint", base + "/v1/userinfo"},
                           {"revocation_endpoint", base + "/revoke"},
                           {"jwks_uri", base + "/oauth2/v3/certs"},
                           {"response_types_supported", array<std::string>({"code"})},
                           {"subject_types_supported", array<std::string>({"public"})},
                           {"id_token_signing_alg_values_supported", array<std::string>({"RS256"})},
                           {"scopes_supported", array<std::string>({"openid", "email", "profile"})},
                           {"token_endpoint_auth_methods_supported",
                            array<std::string>({"client_secret_post", "client_secret_basic"})},
                           {"code_challenge_methods_supported", array<std::string>({"plain", "S256"})},
                           {"grant_types_supported",
                            array<std::string>({"authorization_code", "refresh_token", kDeviceGrant})}}));
}

// ---- consent

std::string Google::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  if (query.get("response_type") != "code") return "unsupported_response_type";
  if (query.get("scope").empty()) return "invalid_request";
  return query.get("prompt") == "none" ? "interaction_required" : "";
}

void Google::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  const Parameters query = call.query();
  consent.plainChallenge = query.get("code_challenge_method") != "S256";
  for (auto& scope : consent.scopes) scope = longName(scope);
}

void Google::dress(const Call&, const Consent& consent, FormView& view) const {
  offerScopes(consent, view);
}

std::string Google::choose(const Call& call, const Parameters& form, Consent& consent) const {
  if (std::string complaint = Dialect::choose(call, form, consent); !complaint.empty()) return complaint;
  const Parameters query = call.query();
  bool first = true;
  for (const auto& earlier : parts_.ledger.living()) {
    if (earlier.account != consent.account || earlier.clientId != consent.clientId) continue;
    first = false;
    if (query.get("include_granted_scopes") != "true") continue;
    for (const auto& scope : earlier.scopes) {
      if (!hasScope(consent.scopes, scope)) consent.scopes.push_back(scope);
    }
  }
  const bool asksAgain = hasScope(splitScopes(query.get("prompt")), "consent");
  if (query.get("access_type") == kOffline && (first || asksAgain)) consent.note = kOffline;
  return {};
}

// ---- tokens

ClientAuth Google::authenticate(const Call& call, const Parameters& form) const {
  ClientAuth auth = Oidc::authenticate(call, form);
  if (!auth.client && auth.refusal.status == 401) {
    const bool known = call.policy.client(form.get("client_id")) != nullptr;
    auth.refusal =
        errorReply(401, "invalid_client", known ? "Unauthorized" : "The OAuth client was not found.");
  }
  return auth;
}

Reply Google::tokenError(const Call& call, const OAuthError& error) const {
  if (error.code != "invalid_grant") return errorReply(400, error.code, error.description);
  if (call.body().get("grant_type") == "refresh_token") {
    return errorReply(400, error.code, "Token has been expired or revoked.");
  }
  const bool unknown = error.reason == OAuthError::Reason::Unknown;
  return errorReply(400, error.code, unknown ? "Malformed auth code." : "Bad Request");
}

TokenRequest Google::firstTokens(const Grant& grant, const Policy& policy) const {
  return {.scopes = grant.consent.scopes, .refresh = policy.refreshToken && grant.consent.note == kOffline};
}

std::string Google::subject(const Consent& consent) const {
  constexpr std::int64_t kTenDigits = 1'000'000'000;
  return "1" + std::to_string(numberOf("google-user:" + consent.account, kTenDigits)) +
         std::to_string(numberOf("google-account:" + consent.account, kTenDigits));
}

Poco::JSON::Object Google::accountClaims(const Consent& consent) const {
  Poco::JSON::Object claims = Oidc::accountClaims(consent);
  // A Workspace stands for the addresses of its domain; who brought an address along has none.
  const Account account = accountFor(consent.account);
  const std::string domain = domainOf(account.email);
  if (account.verified && domain != "gmail.com") claims.set("hd", domain);
  return claims;
}

Reply Google::endAccount(const Call& call) {
  std::string token = call.body().get("token");
  if (token.empty()) token = call.query().get("token");
  if (!parts_.ledger.isAlive(token)) {
    return errorReply(400, "invalid_token", "Token expired or revoked");
  }
  parts_.ledger.revoke(token, {}, call.policy);
  return jsonReply(Poco::JSON::Object());
}

Reply Google::tokenInfo(const Call& call) const {
  std::string token = call.query().get("access_token");
  if (token.empty()) token = call.body().get("access_token");
  if (token.empty()) token = bearerToken(call.request);
  const auto access = parts_.ledger.find(token);
  if (!access || access->state != AccessToken::State::Alive)
    return errorReply(400, "invalid_token", "Invalid Value");
  Poco::JSON::Object json = accountClaims(access->consent);
  json.set("aud", access->consent.clientId);
  json.set("azp", access->consent.clientId);
  json.set("scope", joinScopes(access->consent.scopes));
  json.set("exp", std::to_string(access->expiresAt));  // numbers are texts here
  json.set("expires_in", std::to_string(access->expiresAt - parts_.clock.now()));
  json.set("access_type", access->consent.note.empty() ? "online" : kOffline);
  return jsonReply(json);
}

// ---- devices

Reply Google::startDevice(const Call& call) {
  const Parameters form = call.body();
  const Client* client = call.policy.client(form.get("client_id"));
  if (client == nullptr) return errorReply(401, "invalid_client", "The OAuth client was not found.");
  Consent consent;
  consent.clientId = client->id;
  consent.note = kOffline;
  for (const auto& scope : splitScopes(form.get("scope"))) consent.scopes.push_back(longName(scope));
  const auto start = parts_.devices.start(consent, kDeviceLife, kDeviceInterval);
  return jsonReply(object({{"device_code", start.deviceCode},
                           {"user_code", start.userCode},
                           {"expires_in", kDeviceLife},
                           {"interval", kDeviceInterval},
                           {"verification_url", call.root + "/device"}}));
}

Reply Google::otherGrant(const Call& call, const Parameters& form, const Client& client) {
  if (form.get("grant_type") != kDeviceGrant) {
    return errorReply(400, "unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type"));
  }
  const auto answer = parts_.devices.poll(form.get("device_code"), client.id);
  switch (answer.poll) {
    case DeviceBoard::Poll::Granted: {
      const Grant grant = parts_.ledger.open(answer.consent);
      return tokenAnswer(call, parts_.ledger.issue(grant, firstTokens(grant, call.policy), call.policy),
                         true);
    }
    case DeviceBoard::Poll::Pending:
      return errorReply(428, "authorization_pending", "Precondition Required");
    case DeviceBoard::Poll::SlowDown:
      return errorReply(403, "slow_down", "Forbidden");
    case DeviceBoard::Poll::Denied:
      return errorReply(403, "access_denied", "Forbidden");
    case DeviceBoard::Poll::Expired:
      return errorReply(400, "expired_token", "The device code has expired.");
    case DeviceBoard::Poll::Unknown:
      break;
  }
  return errorReply(400, "invalid_grant", "Malformed device_code");
}

// ---- Cross-Account Protection

std::vector<Action> Google::actions() const {
  using About = Action::About;
  return {{.about = About::Account, .name = "withdraw", .label = "Remove access"},
          {.about = About::Account, .name = "disable", .label = "Disable the account"},
          {.about = About::Nothing, .name = "verification", .label = "Verify the address"}};
}

std::vector<Delivery> Google::happen(const Event& event, const Call& call) {
  Poco::JSON::Object details;
  std::string type;
  if (event.name == "withdraw") {
    type = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked";
  } else if (event.name == "disable") {
    type = std::string(kRiscEvents) + "account-disabled";
    details.set("reason", "hijacking");
  } else if (event.name == "verification") {
    type = std::string(kRiscEvents) + "verification";
    details.set("state", randomText());
  } else {
    throw BadControl("event must be one of: withdraw, disable, verification");
  }
  const std::string issuer = call.root + "/";
  if (event.name != "verification") {
    Consent consent;
    consent.account = event.account;
    details.set("subject", object({{"subject_type", "iss-sub"}, {"iss", issuer}, {"sub", subject(consent)}}));
    parts_.ledger.withdraw(event.account);
  }
  Poco::JSON::Object events;
  events.set(type, details);
  const auto token = parts_.keys.signer.sign(object({{"iss", issuer},
                                                     {"aud", call.policy.clients.front().id},
                                                     {"iat", parts_.clock.now()},
                                                     {"jti", randomText(12)},
                                                     {"events", events}}));
  return {{.event = event.name, .contentType = "application/secevent+jwt", .body = token}};
}

}  // namespace sandbox
