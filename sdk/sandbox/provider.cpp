#include "provider.hpp"

#include <Poco/JSON/Array.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "client_auth.hpp"
#include "consent_page.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

void pause(int milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

bool contains(const std::vector<std::string>& scopes, const std::string& scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

/// Google's long spelling of the standard scope counts too.
bool grantsEmail(const std::vector<std::string>& scopes) {
  return contains(scopes, "email") || contains(scopes, "https://www.googleapis.com/auth/userinfo.email");
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

Poco::JSON::Array texts(std::initializer_list<const char*> items) {
  Poco::JSON::Array array;
  for (const char* item : items) array.add(std::string(item));
  return array;
}

std::string grantTypeOf(const std::string& endpoint, const Request& request) {
  try {
    return endpoint == "token" ? Parameters(request.body).get("grant_type") : std::string();
  } catch (const BadRequest&) {
    return {};
  }
}

Reply spoil(Reply reply, const Fault& fault) {
  if (fault.status) reply.status = *fault.status;
  if (fault.body) reply.body = *fault.body;
  for (const auto& header : fault.headers) {
    if (header.first == "Content-Type") {
      reply.contentType = header.second;
    } else {
      reply.headers.push_back(header);
    }
  }
  return reply;
}

}  // namespace

Provider::Provider(std::string name, const Clock& clock, const Signer& signer)
    : name_(std::move(name)),
      clock_(clock),
      signer_(signer),
      policy_(std::make_shared<const Policy>()),
      ledger_(clock) {}

std::shared_ptr<const Policy> Provider::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Provider::setPolicy(Policy policy) {
  const std::lock_guard lock(mutex_);
  policy_ = std::make_shared<const Policy>(std::move(policy));
}

Provider::Answer Provider::answer(const std::string& endpoint, const Request& request) {
  const std::string grantType = grantTypeOf(endpoint, request);
  ledger_.count(endpoint);
  if (!grantType.empty()) ledger_.count(endpoint + ":" + grantType);
  pause(policy()->delayMs);

  Answer answer{.reply = {}, .fault = faults_.take(endpoint, grantType)};
  if (!answer.fault || answer.fault->process) answer.reply = handle(endpoint, request);
  if (answer.fault) {
    answer.reply = spoil(std::move(answer.reply), *answer.fault);
    pause(answer.fault->delayMs);
    if (answer.fault->hold) faults_.hold();
  }
  return answer;
}

Reply Provider::handle(const std::string& endpoint, const Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool posts = request.method == "POST";
  if (endpoint == "authorize" && (reads || posts)) return authorize(request);
  if (endpoint == "token" && posts) return token(request);
  if (endpoint == "revoke" && posts) return revoke(request);
  if (endpoint == "userinfo" && (reads || posts)) return userinfo(request);
  if (endpoint == "jwks" && reads) return jsonReply(signer_.keySet());
  if (endpoint == "discovery" && reads) return discovery(request);
  return errorReply(405, "invalid_request", "This endpoint does not know the method.");
}

Reply Provider::index(const Request& request) const {
  return pageReply(indexPage(name_, issuer(request)));
}

std::string Provider::issuer(const Request& request) const {
  return name_ == "default" ? request.base : request.base + "/" + name_;
}

Reply Provider::discovery(const Request& request) const {
  const std::string base = issuer(request);
  Poco::JSON::Object json;
  json.set("issuer", base);
  json.set("authorization_endpoint", base + "/authorize");
  json.set("token_endpoint", base + "/token");
  json.set("revocation_endpoint", base + "/revoke");
  json.set("userinfo_endpoint", base + "/userinfo");
  json.set("jwks_uri", base + "/jwks");
  json.set("scopes_supported", texts({"openid", "email", "profile", "offline_access"}));
  json.set("response_types_supported", texts({"code"}));
  json.set("response_modes_supported", texts({"query"}));
  json.set("grant_types_supported", texts({"authorization_code", "refresh_token"}));
  json.set("subject_types_supported", texts({"public"}));
  json.set("id_token_signing_alg_values_supported", texts({"RS256"}));
  json.set("token_endpoint_auth_methods_supported",
           texts({"client_secret_basic", "client_secret_post", "none"}));
  json.set("revocation_endpoint_auth_methods_supported",
           texts({"client_secret_basic", "client_secret_post", "none"}));
  json.set("code_challenge_methods_supported", texts({"S256"}));
  json.set("claims_supported", texts({"sub", "email", "email_verified", "name"}));
  json.set("authorization_response_iss_parameter_supported", policy()->callbackIssuer);
  return jsonReply(json);
}

Reply Provider::authorize(const Request& request) {
  const Parameters query(request.rawQuery);
  const auto policy = this->policy();
  // Until client and address are known to belong together nothing may be redirected (RFC 6749
  // section 4.1.2.1).
  if (const auto twice = query.repeated()) {
    return pageReply(messagePage("This link is broken", "The parameter " + *twice + " occurs twice."), 400);
  }
  const Client* client = policy->client(query.get("client_id"));
  if (client == nullptr) {
    return pageReply(messagePage("Unknown client", "No client is registered under this client_id."), 400);
  }
  Consent consent;
  consent.clientId = client->id;
  consent.redirectUri = query.get("redirect_uri");
  consent.challenge = query.get("code_challenge");
  consent.nonce = query.get("nonce");
  consent.scopes = splitScopes(query.get("scope"));
  if (!mayRedirect(*client, consent.redirectUri)) {
    return pageReply(
        messagePage("Wrong redirect address", "The client may not be answered at this redirect_uri."), 400);
  }

  const std::string state = query.get("state");
  const auto refuse = [&](const char* code) {
    return backToClient(request, consent.redirectUri, state, "error", code, *policy);
  };
  if (query.get("response_type") != "code") return refuse("unsupported_response_type");
  const bool challenged = !consent.challenge.empty();
  if (challenged ? query.get("code_challenge_method") != "S256" || consent.challenge.size() != 43
                 : policy->pkceRequired || client->secret.empty()) {
    return refuse("invalid_request");
  }
  if (query.get("prompt") == "none") return refuse("interaction_required");
  if (request.method == "POST") return decide(request, consent, state);
  return pageReply(consentPage({.provider = name_,
                                .clientId = client->id,
                                .action = request.path + "?" + request.rawQuery,
                                .chosen = query.get("login_hint"),
                                .scopes = consent.scopes}));
}

Reply Provider::decide(const Request& request, const Consent& asked, const std::string& state) {
  const Parameters form(request.body);
  const auto policy = this->policy();
  Consent consent = asked;
  consent.account = form.get("account") == "other" ? form.get("other") : form.get("account");
  if (form.get("decision") != "allow") {
    return backToClient(request, consent.redirectUri, state, "error", "access_denied", *policy);
  }
  if (consent.account.find('@') == std::string::npos) {
    return pageReply(messagePage("No account", "Go back and choose an account, or type an e-mail address."),
                     400);
  }
  if (policy->grantedScopes) {
    const auto& allowed = *policy->grantedScopes;
    std::erase_if(consent.scopes, [&](const std::string& scope) { return !contains(allowed, scope); });
  }
  return backToClient(request, consent.redirectUri, state, "code", ledger_.issueCode(consent, *policy),
                      *policy);
}

Reply Provider::backToClient(const Request& request, const std::string& redirectUri, const std::string& state,
                             const std::string& name, const std::string& value, const Policy& policy) const {
  std::vector<std::pair<std::string, std::string>> parameters{{name, value}};
  if (!state.empty()) parameters.emplace_back("state", state);
  if (policy.callbackIssuer) {
    parameters.emplace_back("iss",
                            policy.callbackIssuerText.empty() ? issuer(request) : policy.callbackIssuerText);
  }
  return redirectReply(withQuery(redirectUri, parameters));
}

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
  const ClientAuth auth = authenticateClient(request, form, *policy);
  if (!auth.client) return auth.refusal;
  if (!form.has("token")) return errorReply(400, "invalid_request", "token is missing.");
  ledger_.revoke(form.get("token"), auth.client->id, *policy);
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
  if (!contains(consent->scopes, "openid"))
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
  if (policy.idToken && contains(tokens.consent.scopes, "openid")) {
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
  if (contains(consent.scopes, "profile")) claims.set("name", account.name);
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
