#include "dialects/oidc.hpp"

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

Poco::JSON::Array texts(const std::vector<std::string>& items) {
  return array(items);
}

/// Google's long spelling of the standard scope counts too.
bool grantsEmail(const std::vector<std::string>& scopes) {
  return hasScope(scopes, "email") || hasScope(scopes, "https://www.googleapis.com/auth/userinfo.email");
}

bool grantsProfile(const std::vector<std::string>& scopes) {
  return hasScope(scopes, "profile") || hasScope(scopes, "https://www.googleapis.com/auth/userinfo.profile");
}

}  // namespace

void Oidc::merge(Poco::JSON::Object& claims, const Poco::JSON::Object& changes) {
  for (const auto& [name, value] : changes) {
    if (value.isEmpty()) {
      claims.remove(name);
    } else {
      claims.set(name, value);
    }
  }
}

Oidc::Oidc(const Parts& parts) : Dialect(parts) {
  on("GET POST", "/authorize", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST", "/token", "token", [this](const Call& call) { return token(call); });
  on("POST", "/revoke", "revoke", [this](const Call& call) { return revoke(call); });
  on("GET POST", "/userinfo", "userinfo", [this](const Call& call) { return userinfo(call); });
  on("GET", "/jwks", "jwks", [this](const Call&) { return keySet(); });
  for (const char* document : {"openid-configuration", "oauth-authorization-server"}) {
    on("GET", std::string("/.well-known/") + document, "discovery",
       [this](const Call& call) { return discovery(call); });
  }
}

Reply Oidc::discovery(const Call& call) const {
  const std::string base = issuer(call);
  return jsonReply(object({{"issuer", base},
                           {"authorization_endpoint", base + "/authorize"},
                           {"token_endpoint", base + "/token"},
                           {"revocation_endpoint", base + "/revoke"},
                           {"userinfo_endpoint", base + "/userinfo"},
                           {"jwks_uri", base + "/jwks"},
                           {"scopes_supported", texts({"openid", "email", "profile", "offline_access"})},
                           {"response_types_supported", texts({"code"})},
                           {"response_modes_supported", texts({"query"})},
                           {"grant_types_supported", texts({"authorization_code", "refresh_token"})},
                           {"subject_types_supported", texts({"public"})},
                           {"id_token_signing_alg_values_supported", texts({"RS256"})},
                           {"token_endpoint_auth_methods_supported",
                            texts({"client_secret_basic", "client_secret_post", "none"})},
                           {"revocation_endpoint_auth_methods_supported",
                            texts({"client_secret_basic", "client_secret_post", "none"})},
                           {"code_challenge_methods_supported", texts({"S256"})},
                           {"claims_supported", texts({"sub", "email", "email_verified", "name"})},
                           {"authorization_response_iss_parameter_supported", call.policy.callbackIssuer}}));
}

Reply Oidc::token(const Call& call) {
  const Parameters form = call.body();
  if (const auto twice = form.repeated())
    return tokenError(call, {"invalid_request", *twice + " occurs twice."});
  const ClientAuth auth = authenticate(call, form);
  if (!auth.client) return auth.refusal;

  const std::string grantType = form.get("grant_type");
  if (grantType == "authorization_code") {
    const auto redeemed = parts_.ledger.redeem(form.get("code"), auth.client->id, form.get("redirect_uri"),
                                               form.get("code_verifier"));
    if (const auto* error = std::get_if<OAuthError>(&redeemed)) return tokenError(call, *error);
    const auto& grant = std::get<Grant>(redeemed);
    return tokenAnswer(call, parts_.ledger.issue(grant, firstTokens(grant, call.policy), call.policy), true);
  }
  if (grantType == "refresh_token") {
    const auto outcome = parts_.ledger.refresh(form.get("refresh_token"), auth.client->id,
                                               splitScopes(form.get("scope")), call.policy);
    if (const auto* error = std::get_if<OAuthError>(&outcome)) return tokenError(call, *error);
    return tokenAnswer(call, std::get<IssuedTokens>(outcome), false);
  }
  return otherGrant(call, form, *auth.client);
}

ClientAuth Oidc::authenticate(const Call& call, const Parameters& form) const {
  return authenticateClient(call.request, form, call.policy);
}

Reply Oidc::otherGrant(const Call& call, const Parameters&, const Client&) {
  return tokenError(call, {"unsupported_grant_type", "authorization_code and refresh_token are known here."});
}

TokenRequest Oidc::firstTokens(const Grant& grant, const Policy& policy) const {
  return {.scopes = grant.consent.scopes, .refresh = policy.refreshToken};
}

Reply Oidc::tokenError(const Call&, const OAuthError& error) const {
  return errorReply(400, error.code, error.description);
}

Reply Oidc::revoke(const Call& call) {
  const Parameters form = call.body();
  if (const auto twice = form.repeated())
    return errorReply(400, "invalid_request", *twice + " occurs twice.");
  std::string client;
  if (call.policy.revocationAuth) {
    const ClientAuth auth = authenticate(call, form);
    if (!auth.client) return auth.refusal;
    client = auth.client->id;
  }
  if (!form.has("token")) return errorReply(400, "invalid_request", "token is missing.");
  parts_.ledger.revoke(form.get("token"), client, call.policy);
  return jsonReply(Poco::JSON::Object());
}

Reply Oidc::userinfo(const Call& call) const {
  const auto refuse = [](int status, const char* code, const char* description) {
    Reply reply = errorReply(status, code, description);
    reply.headers.emplace_back("WWW-Authenticate", std::string("Bearer error=\"") + code + "\"");
    return reply;
  };
  const std::string token = bearerToken(call.request);
  if (token.empty()) return refuse(401, "invalid_token", "An access token is needed.");
  const auto consent = parts_.ledger.access(token);
  if (!consent) return refuse(401, "invalid_token", "The access token is unknown, expired or revoked.");
  if (!hasScope(consent->scopes, "openid"))
    return refuse(403, "insufficient_scope", "The scope openid is needed.");
  Poco::JSON::Object claims = accountClaims(*consent);
  merge(claims, *call.policy.userinfoClaims);
  return jsonReply(claims);
}

Poco::JSON::Object Oidc::tokenMembers(const Call& call, const IssuedTokens& tokens, bool first) const {
  const Policy& policy = call.policy;
  Poco::JSON::Object json = object({{"access_token", tokens.access}, {"token_type", "Bearer"}});
  if (policy.accessTtl > 0 && policy.expiresIn == ExpiresIn::Number) json.set("expires_in", policy.accessTtl);
  if (policy.accessTtl > 0 && policy.expiresIn == ExpiresIn::Text) {
    json.set("expires_in", std::to_string(policy.accessTtl));
  }
  if (!tokens.refresh.empty()) json.set("refresh_token", tokens.refresh);
  if (policy.scopeInAnswer) json.set("scope", joinScopes(tokens.consent.scopes));
  if (policy.idToken && hasScope(tokens.consent.scopes, "openid")) {
    json.set("id_token", idToken(call, tokens, first));
  }
  return json;
}

Reply Oidc::tokenAnswer(const Call& call, const IssuedTokens& tokens, bool first) const {
  return jsonReply(tokenMembers(call, tokens, first));
}

std::string Oidc::subject(const Consent& consent) const {
  return hex(sha256(parts_.name + "\n" + consent.account)).substr(0, 24);
}

Poco::JSON::Object Oidc::accountClaims(const Consent& consent) const {
  const Account account = accountFor(consent.account);
  Poco::JSON::Object claims;
  claims.set("sub", subject(consent));
  if (grantsEmail(consent.scopes)) {
    claims.set("email", account.email);
    claims.set("email_verified", account.verified);
  }
  if (grantsProfile(consent.scopes)) claims.set("name", account.name);
  return claims;
}

std::string Oidc::idToken(const Call& call, const IssuedTokens& tokens, bool first) const {
  Poco::JSON::Object claims = accountClaims(tokens.consent);
  const auto now = parts_.clock.now();
  claims.set("iss", tokenIssuer(call, tokens.consent));
  claims.set("aud", tokens.consent.clientId);
  claims.set("azp", tokens.consent.clientId);
  claims.set("iat", now);
  claims.set("exp", now + 3600);
  claims.set("at_hash", base64Url(sha256(tokens.access).substr(0, 16)));
  claims.set("jti", call.policy.tokenPrefix + "id-" + randomText(12));
  // OpenID Connect Core section 12.2: a refreshed id_token should carry none.
  if (first && !tokens.consent.nonce.empty()) claims.set("nonce", tokens.consent.nonce);
  merge(claims, *call.policy.idTokenClaims);
  return parts_.keys.signer.sign(claims);
}

}  // namespace sandbox
