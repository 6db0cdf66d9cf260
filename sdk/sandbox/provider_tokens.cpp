#include "client_auth.hpp"
#include "consent_page.hpp"
#include "provider.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

/// Google's long spelling of the standard scope counts too.
bool grantsEmail(const std::vector<std::string>& scopes) {
  return hasScope(scopes, "email") || hasScope(scopes, "https://www.googleapis.com/auth/userinfo.email");
}

void merge(Poco::JSON::Object& claims, const Poco::JSON::Object& overrides) {
  for (const auto& [name, value] : overrides) {
    if (value.isEmpty()) {
      claims.remove(name);
    } else {
      claims.set(name, value);
    }
  }
}

}  // namespace

Reply Provider::token(const Request& request) {
  const Parameters form(request.body);
  if (const auto twice = form.repeated())
    return errorReply(400, "invalid_request", *twice + " occurs twice.");
  const auto policy = this->policy();
  const ClientAuth auth = authenticateClient(request, form, *policy);
  if (!auth.client) return auth.refusal;

  const std::string grantType = form.get("grant_type");
  const bool first = grantType == "authorization_code";
  Outcome outcome;
  if (first) {
    outcome = ledger_.redeemCode(form.get("code"), auth.client->id, form.get("redirect_uri"),
                                 form.get("code_verifier"), *policy);
  } else if (grantType == "refresh_token") {
    outcome =
        ledger_.refresh(form.get("refresh_token"), auth.client->id, splitScopes(form.get("scope")), *policy);
  } else {
    return errorReply(400, "unsupported_grant_type", "authorization_code and refresh_token are known here.");
  }
  if (const auto* error = std::get_if<OAuthError>(&outcome))
    return errorReply(400, error->code, error->description);
  return tokenAnswer(request, std::get<IssuedTokens>(outcome), first, *policy);
}

Reply Provider::revoke(const Request& request) {
  const Parameters form(request.body);
  if (const auto twice = form.repeated())
    return errorReply(400, "invalid_request", *twice + " occurs twice.");
  const auto policy = this->policy();
  std::string client;
  if (policy->revocationAuth) {
    const ClientAuth auth = authenticateClient(request, form, *policy);
    if (!auth.client) return auth.refusal;
    client = auth.client->id;
  }
  if (!form.has("token")) return errorReply(400, "invalid_request", "token is missing.");
  ledger_.revoke(form.get("token"), client, *policy);
  return jsonReply(Poco::JSON::Object());
}

Reply Provider::userinfo(const Request& request) const {
  static const std::string kScheme = "Bearer ";
  const auto refuse = [](int status, const char* code, const char* description) {
    Reply reply = errorReply(status, code, description);
    reply.headers.emplace_back("WWW-Authenticate", std::string("Bearer error=\"") + code + "\"");
    return reply;
  };
  if (request.authorization.compare(0, kScheme.size(), kScheme) != 0) {
    return refuse(401, "invalid_token", "An access token is needed.");
  }
  const auto consent = ledger_.access(request.authorization.substr(kScheme.size()));
  if (!consent) return refuse(401, "invalid_token", "The access token is unknown, expired or revoked.");
  if (!hasScope(consent->scopes, "openid"))
    return refuse(403, "insufficient_scope", "The scope openid is needed.");
  Poco::JSON::Object claims = accountClaims(*consent);
  merge(claims, *policy()->userinfoClaims);
  return jsonReply(claims);
}

Reply Provider::tokenAnswer(const Request& request, const IssuedTokens& tokens, bool first,
                            const Policy& policy) const {
  Poco::JSON::Object json;
  json.set("access_token", tokens.access);
  json.set("token_type", "Bearer");
  if (policy.accessTtl > 0 && policy.expiresIn == ExpiresIn::Number) json.set("expires_in", policy.accessTtl);
  if (policy.accessTtl > 0 && policy.expiresIn == ExpiresIn::Text) {
    json.set("expires_in", std::to_string(policy.accessTtl));
  }
  if (!tokens.refresh.empty()) json.set("refresh_token", tokens.refresh);
  if (policy.scopeInAnswer) json.set("scope", joinScopes(tokens.consent.scopes));
  if (policy.idToken && hasScope(tokens.consent.scopes, "openid")) {
    json.set("id_token", idToken(request, tokens, first, policy));
  }
  return jsonReply(json);
}

Poco::JSON::Object Provider::accountClaims(const Consent& consent) const {
  const Account account = accountFor(consent.account);
  Poco::JSON::Object claims;
  claims.set("sub", hex(sha256(name_ + "\n" + account.email)).substr(0, 24));
  if (grantsEmail(consent.scopes)) {
    claims.set("email", account.email);
    claims.set("email_verified", account.verified);
  }
  if (hasScope(consent.scopes, "profile")) claims.set("name", account.name);
  return claims;
}

std::string Provider::idToken(const Request& request, const IssuedTokens& tokens, bool first,
                              const Policy& policy) const {
  Poco::JSON::Object claims = accountClaims(tokens.consent);
  const auto now = clock_.now();
  claims.set("iss", issuer(request));
  claims.set("aud", tokens.consent.clientId);
  claims.set("azp", tokens.consent.clientId);
  claims.set("iat", now);
  claims.set("exp", now + 3600);
  claims.set("at_hash", base64Url(sha256(tokens.access).substr(0, 16)));
  claims.set("jti", policy.tokenPrefix + "id-" + randomText(12));
  // OpenID Connect Core section 12.2: a refreshed id_token should carry none.
  if (first && !tokens.consent.nonce.empty()) claims.set("nonce", tokens.consent.nonce);
  merge(claims, *policy.idTokenClaims);
  return signer_.sign(claims);
}

}  // namespace sandbox
