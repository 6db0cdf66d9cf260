#include "dialects/microsoft.hpp"

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr int kDeviceLife = 900;
constexpr int kDeviceInterval = 5;
constexpr int kNinetyDays = 90 * 24 * 3600;
constexpr const char* kPersonal = "personal";

std::string homeOf(const Consent& consent) {
  return consent.organisations.empty() ? kPersonal : consent.organisations.front();
}

std::string objectId(const Consent& consent) {
  return uuidOf("microsoft-user:" + homeOf(consent) + ":" + consent.account);
}

}  // namespace

std::string microsoftTenantId(const std::string& name) {
  return name == kPersonal ? kPersonalTenant : uuidOf("microsoft-tenant:" + name);
}

MicrosoftTenants::MicrosoftTenants(const std::string& word) {
  std::vector<std::string> all{kPersonal};
  for (const auto& organisation : knownOrganisations()) all.insert(all.end() - 1, organisation.name);
  for (const auto& name : all) {
    const bool personal = name == kPersonal;
    const bool named = word == microsoftTenantId(name) || word == name + ".onmicrosoft.com" ||
                       (personal && word == "consumers");
    if (named || word == "common" || (word == "organizations" && !personal)) names.push_back(name);
  }
  single = names.size() == 1;
}

Microsoft::Microsoft(const Parts& parts) : Oidc(parts, WithoutRoutes{}) {
  on("GET POST", "/{}/oauth2/v2.0/authorize", "authorize",
     [this](const Call& call) { return authorize(call); });
  on("POST", "/{}/oauth2/v2.0/token", "token", [this](const Call& call) { return token(call); });
  on("POST", "/{}/oauth2/v2.0/devicecode", "device", [this](const Call& call) { return startDevice(call); });
  on("GET POST", "/devicelogin", "authorize", [this](const Call& call) { return devicePage(call); });
  on("GET POST", "/{}/v2.0/adminconsent", "install", [this](const Call& call) { return adminConsent(call); });
  on("GET", "/{}/discovery/v2.0/keys", "jwks", [this](const Call&) { return keySet(); });
  on("GET", "/{}/v2.0/.well-known/openid-configuration", "discovery",
     [this](const Call& call) { return metadata(call); });
  addGraph();
}

Policy Microsoft::usual(Policy policy) const {
  policy.rotation = Rotation::Keep;
  policy.accessTtl = 4499;  // the real one draws a number from 60 to 90 minutes
  policy.refreshTtl = kNinetyDays;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  return policy;
}

std::string Microsoft::tokenText(TokenKind kind, const Consent& consent, const std::string&) const {
  if (kind == TokenKind::Code) return "1.A" + randomText(240);
  if (kind == TokenKind::Refresh) return "1.A" + randomText(600);
  const auto now = parts_.clock.now();
  return parts_.keys.signer.sign(object({{"aud", "00000003-0000-0000-c000-000000000000"},
                                         {"iat", now},
                                         {"nbf", now},
                                         {"appid", consent.clientId},
                                         {"tid", microsoftTenantId(homeOf(consent))},
                                         {"scp", joinScopes(consent.scopes)},
                                         {"uti", randomText(16)},
                                         {"ver", "1.0"}}));
}

Reply Microsoft::metadata(const Call& call) const {
  const std::string& word = call.captures[0];
  const MicrosoftTenants tenants(word);
  if (tenants.names.empty()) return failure(400, "invalid_tenant", 90002, "Tenant '" + word + "' not found.");
  const std::string base = call.root + "/" + word;
  const std::string issuer = tenants.single ? microsoftTenantId(tenants.names.front()) : "{tenantid}";
  return jsonReply(
      object({{"issuer", call.root + "/" + issuer + "/v2.0"},
              {"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
              {"token_endpoint", base + "/oauth2/v2.0/token"},
              {"device_authorization_endpoint", base + "/oauth2/v2.0/devicecode"},
              {"jwks_uri", base + "/discovery/v2.0/keys"},
              {"userinfo_endpoint", call.root + "/graph/oidc/userinfo"},
              {"response_modes_supported", array<std::string>({"query", "fragment", "form_post"})},
              {"response_types_supported", array<std::string>({"code"})},
              {"subject_types_supported", array<std::string>({"pairwise"})},
              {"scopes_supported", array<std::string>({"openid", "profile", "email", "offline_access"})},
              {"id_token_signing_alg_values_supported", array<std::string>({"RS256"})},
              {"token_endpoint_auth_methods_supported",
               array<std::string>({"client_secret_post", "client_secret_basic"})}}));
}

// ---- consent

std::string Microsoft::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  if (MicrosoftTenants(call.captures[0]).names.empty()) return "invalid_request";
  if (query.get("response_type") != "code") return "unsupported_response_type";
  if (query.get("scope").empty()) return "invalid_request";
  return query.get("prompt") == "none" ? "interaction_required" : "";
}

void Microsoft::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  consent.plainChallenge = call.query().get("code_challenge_method") != "S256";
}

void Microsoft::dress(const Call& call, const Consent&, FormView& view) const {
  Group group{.name = "organisation", .legend = "Directory", .options = {}};
  for (const auto& name : MicrosoftTenants(call.captures[0]).names) {
    group.options.push_back(
        {.value = name,
         .title = name == kPersonal ? "None, a personal account" : organisationFor(name).title,
         .note = {},
         .chosen = group.options.empty()});
  }
  view.groups.push_back(group);
}

std::string Microsoft::choose(const Call& call, const Parameters& form, Consent& consent) const {
  const auto allowed = MicrosoftTenants(call.captures[0]).names;
  const std::string chosen = form.get("organisation");
  if (!chosen.empty() && !hasScope(allowed, chosen)) {
    return "AADSTS50020: The account does not exist in this tenant.";
  }
  consent.organisations = {chosen.empty() ? allowed.front() : chosen};
  return Dialect::choose(call, form, consent);
}

Reply Microsoft::sendBack(const Call& call, const std::string& redirectUri,
                          std::vector<std::pair<std::string, std::string>> parameters) const {
  if (parameters.front() == std::pair<std::string, std::string>{"error", "access_denied"}) {
    parameters.emplace_back("error_description", "AADSTS65004: User declined to consent to access the app.");
  }
  const std::string mode = call.query().get("response_mode");
  if (mode != "form_post" && mode != "fragment") return Oidc::sendBack(call, redirectUri, parameters);
  parameters.emplace_back("state", call.query().get("state"));
  if (mode == "form_post") return pageReply(postingPage(redirectUri, parameters));
  return redirectReply(redirectUri + "#" + formEncode(parameters));
}

// ---- tokens

ClientAuth Microsoft::authenticate(const Call& call, const Parameters& form) const {
  const Client* client = call.policy.client(form.get("client_id"));
  if (form.get("grant_type") == kDeviceGrant && client != nullptr && !form.has("client_secret")) {
    return {.client = *client, .refusal = {}};  // a flow of public clients
  }
  ClientAuth auth = Oidc::authenticate(call, form);
  if (auth.client && !call.request.header("Origin").empty()) {
    auth = {.client = std::nullopt,
            .refusal =
                failure(400, "invalid_request", 9002326,
                        "Cross-origin token redemption is permitted only for the 'Single-Page Application' "
                        "client-type.")};
  } else if (!auth.client && auth.refusal.status == 401) {
    const bool known = client != nullptr || !call.request.authorization.empty();
    auth.refusal =
        known ? failure(401, "invalid_client", 7000215, "Invalid client secret provided.")
              : failure(400, "unauthorized_client", 700016, "Application was not found in the directory.");
  }
  return auth;
}

Reply Microsoft::tokenError(const Call&, const OAuthError& error) const {
  using Reason = OAuthError::Reason;
  switch (error.reason) {
    case Reason::Spent:
      return failure(400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.");
    case Reason::Expired:
      return failure(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.",
                     "bad_token");
    case Reason::Revoked:
      return failure(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked.",
                     "bad_token");
    case Reason::Verifier:
      return failure(400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.");
    case Reason::Redirect:
      return failure(400, "invalid_client", 50011, "The redirect URI does not match the request.");
    case Reason::Scope:
      return failure(400, "invalid_grant", 65001, "The user or administrator has not consented.",
                     "consent_required");
    case Reason::Unknown:
    case Reason::Client:
      return failure(400, "invalid_grant", 70000, "The provided grant is invalid or malformed.");
    case Reason::Request:
      break;
  }
  return failure(400, error.code, 0, error.description);
}

Reply Microsoft::failure(int status, const std::string& error, int number, const std::string& story,
                         const std::string& suberror) const {
  const std::string trace = uuidOf(randomText());
  const std::string correlation = uuidOf(randomText());
  std::string time = isoTime(parts_.clock.now());
  time[time.find('T')] = ' ';
  const std::string code = number == 0 ? std::string() : "AADSTS" + std::to_string(number) + ": ";
  Poco::JSON::Object json =
      object({{"error", error},
              {"error_description", code + story + " Trace ID: " + trace + " Correlation ID: " + correlation +
                                        " Timestamp: " + time},
              {"error_codes", number == 0 ? Poco::JSON::Array() : array<int>({number})},
              {"timestamp", time},
              {"trace_id", trace},
              {"correlation_id", correlation}});
  if (!suberror.empty()) json.set("suberror", suberror);
  return jsonReply(json, status);
}

TokenRequest Microsoft::firstTokens(const Grant& grant, const Policy& policy) const {
  const auto& scopes = grant.consent.scopes;
  return {.scopes = scopes, .refresh = policy.refreshToken && hasScope(scopes, "offline_access")};
}

Reply Microsoft::tokenAnswer(const Call& call, const IssuedTokens& tokens, bool first) const {
  Poco::JSON::Object json = tokenMembers(call, tokens, first);
  std::vector<std::string> scopes = tokens.consent.scopes;
  std::erase(scopes, "offline_access");  // never echoed
  if (json.has("scope")) json.set("scope", joinScopes(scopes));
  if (json.has("expires_in")) json.set("ext_expires_in", json.get("expires_in"));
  return jsonReply(json);
}

std::string Microsoft::tokenIssuer(const Call& call, const Consent& consent) const {
  return call.root + "/" + microsoftTenantId(homeOf(consent)) + "/v2.0";
}

std::string Microsoft::subject(const Consent& consent) const {
  return base64Url(sha256("microsoft-pair:" + consent.clientId + ":" + objectId(consent)));
}

Poco::JSON::Object Microsoft::accountClaims(const Consent& consent) const {
  const Account account = accountFor(consent.account);
  Poco::JSON::Object claims = object({{"sub", subject(consent)},
                                      {"oid", objectId(consent)},
                                      {"tid", microsoftTenantId(homeOf(consent))},
                                      {"ver", "2.0"}});
  if (hasScope(consent.scopes, "profile")) {
    claims.set("name", account.name);
    claims.set("preferred_username", account.email);
  }
  if (hasScope(consent.scopes, "email")) {
    claims.set("email", account.email);
    claims.set("xms_edov", account.verified);  // whether the tenant owns the address's domain
  }
  return claims;
}

Reply Microsoft::otherGrant(const Call& call, const Parameters& form, const Client& client) {
  const std::string grantType = form.get("grant_type");
  if (grantType == kDeviceGrant) return deviceTokens(call, form.get("device_code"), client);
  if (grantType == "client_credentials") return appToken(call, form.get("scope"), client);
  return failure(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
}

// ---- devices

Reply Microsoft::startDevice(const Call& call) {
  const Parameters form = call.body();
  const MicrosoftTenants tenants(call.captures[0]);
  const Client* client = call.policy.client(form.get("client_id"));
  if (client == nullptr || tenants.names.empty()) {
    return failure(400, "unauthorized_client", 700016, "Application was not found in the directory.");
  }
  Consent consent;
  consent.clientId = client->id;
  consent.scopes = splitScopes(form.get("scope"));
  consent.organisations = {tenants.names.front()};
  const auto start = parts_.devices.start(consent, kDeviceLife, kDeviceInterval);
  const std::string page = call.root + "/devicelogin";
  return jsonReply(object({{"user_code", start.userCode},
                           {"device_code", start.deviceCode},
                           {"verification_uri", page},
                           {"expires_in", kDeviceLife},
                           {"interval", kDeviceInterval},
                           {"message", "To sign in, use a web browser to open the page " + page +
                                           " and enter the code " + start.userCode + " to authenticate."}}));
}

Reply Microsoft::deviceTokens(const Call& call, const std::string& deviceCode, const Client& client) {
  const auto answer = parts_.devices.poll(deviceCode, client.id);
  switch (answer.poll) {
    case DeviceBoard::Poll::Granted: {
      const Grant grant = parts_.ledger.open(answer.consent);
      return tokenAnswer(call, parts_.ledger.issue(grant, firstTokens(grant, call.policy), call.policy),
                         true);
    }
    case DeviceBoard::Poll::Pending:
    case DeviceBoard::Poll::SlowDown:  // for which it has no word
      return failure(400, "authorization_pending", 70016,
                     "OAuth 2.0 device flow error. Authorization is pending.");
    case DeviceBoard::Poll::Denied:
      return failure(400, "authorization_declined", 0, "The person declined.");
    case DeviceBoard::Poll::Expired:
      return failure(400, "expired_token", 0, "The device code has expired.");
    case DeviceBoard::Poll::Unknown:
      break;
  }
  return failure(400, "bad_verification_code", 0, "The device code is not known.");
}

}  // namespace sandbox
