#include "dialects/meta.hpp"

#include <algorithm>

#include "dialects/meta_answers.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr int kShortLife = 5400;
constexpr int kLongLife = 5183944;
constexpr const char* kShort = "short";

Reply tokenReply(const std::string& token, int life) {
  Poco::JSON::Object json = object({{"access_token", token}, {"token_type", "bearer"}});
  if (life > 0) json.set("expires_in", life);
  return jsonReply(json);
}

}  // namespace

Meta::Meta(const Parts& parts) : Dialect(parts) {
  on("GET POST", "/{}/dialog/oauth", "authorize", [this](const Call& call) { return authorize(call); });
  on("GET POST", "/dialog/oauth", "authorize", [this](const Call& call) { return authorize(call); });
  graph("/oauth/access_token", "token",
        [this](const Call& call, const Parameters& form) { return accessToken(call, form); });
  graph("/debug_token", "api",
        [this](const Call& call, const Parameters& form) { return debugToken(call, form); });
  graph("/me", "userinfo", asPerson([](const Call&, const Parameters& form, const Consent& consent) {
          return jsonReply(metaPerson(consent, form.get("fields")));
        }));
  graph("/{}/permissions", "revoke",
        asPerson([this](const Call& call, const Parameters& form, const Consent& consent) {
          return permissions(call, form, consent);
        }));
  graph("/{}/permissions/{}", "revoke",
        asPerson([this](const Call& call, const Parameters& form, const Consent& consent) {
          return permissions(call, form, consent);
        }));
  graph("/me/accounts", "api", asPerson([this](const Call& call, const Parameters&, const Consent& consent) {
          return pages(call, consent);
        }));
}

Policy Meta::usual(Policy policy) const {
  policy.accessTtl = kLongLife;
  policy.refreshToken = false;
  policy.pkceRequired = false;
  policy.callbackIssuer = false;
  return policy;
}

std::string Meta::tokenText(TokenKind kind, const Consent&, const std::string&) const {
  return kind == TokenKind::Code ? "AQ" + randomText(230) : "EAA" + randomLetters(180);
}

Reply Meta::notFound(const Call&) const {
  return metaError({.code = 2500, .message = "Unknown path components"});
}

// ---- consent

std::string Meta::objection(const Call& call, const Client&) const {
  const std::string type = call.query().get("response_type");
  return type.empty() || type == "code" ? "" : "unsupported_response_type";
}

void Meta::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  consent.challenge.clear();  // documented for another variant only
  const auto asked = consent.scopes;
  consent.scopes = {"public_profile"};  // goes without saying
  for (const auto& scope : asked) {
    if (scope != "public_profile") consent.scopes.push_back(scope);
  }
  consent.note = joinScopes(consent.scopes);
}

void Meta::dress(const Call&, const Consent& consent, FormView& view) const {
  offerScopes(consent, view);
}

Reply Meta::sendBack(const Call& call, const std::string& redirectUri,
                     std::vector<std::pair<std::string, std::string>> parameters) const {
  if (parameters.front().second == "access_denied") {
    parameters.emplace_back("error_reason", "user_denied");
    parameters.emplace_back("error_code", "200");
    parameters.emplace_back("error_description", "Permissions error");
  }
  const std::string state = call.query().get("state");
  if (!state.empty()) parameters.emplace_back("state", state);
  return redirectReply(withQuery(redirectUri, parameters) + "#_=_");
}

// ---- tokens

Reply Meta::accessToken(const Call& call, const Parameters& form) {
  const Client* client = call.policy.client(form.get("client_id"));
  if (client == nullptr || !sameSecret(client->secret, form.get("client_secret"))) {
    return metaError(
        {.code = 101, .message = "Error validating application. Invalid application ID or secret."});
  }
  const std::string grantType = form.get("grant_type");
  if (grantType == "fb_exchange_token") return extend(call, form.get("fb_exchange_token"), *client);
  if (grantType == "client_credentials") return tokenReply(client->id + "|" + client->secret, 0);
  const auto redeemed = parts_.ledger.redeem(form.get("code"), client->id, form.get("redirect_uri"), {});
  if (const auto* error = std::get_if<OAuthError>(&redeemed)) {
    const bool used = error->reason == OAuthError::Reason::Spent;
    return metaError(
        {.code = 100,
         .message = used ? "This authorization code has been used."
                         : "Error validating verification code. Please make sure your redirect_uri is "
                           "identical to the one you used in the OAuth dialog request"});
  }
  const auto& grant = std::get<Grant>(redeemed);
  const int life = call.policy.accessTtl == 0 ? kShortLife : std::min(kShortLife, call.policy.accessTtl);
  const auto tokens = parts_.ledger.issue(
      grant, {.scopes = grant.consent.scopes, .label = kShort, .refresh = false, .accessTtl = life},
      call.policy);
  return tokenReply(tokens.access, life);
}

/// The old token stays as it is, to its own end.
Reply Meta::extend(const Call& call, const std::string& token, const Client& client) {
  const auto old = parts_.ledger.find(token);
  if (!old || old->state != AccessToken::State::Alive) return metaError(tokenFault(old));
  if (old->consent.clientId != client.id) {
    return metaError({.code = 190, .message = "The token is another app's."});
  }
  const auto tokens = parts_.ledger.issue({.family = old->family, .consent = old->consent},
                                          {.scopes = old->consent.scopes, .refresh = false}, call.policy);
  return tokenReply(tokens.access, call.policy.accessTtl);
}

Reply Meta::debugToken(const Call& call, const Parameters& form) const {
  const auto& clients = call.policy.clients;
  const std::string caller = form.get("access_token");
  const bool isApp = std::any_of(clients.begin(), clients.end(), [&](const Client& client) {
    return sameSecret(client.id + "|" + client.secret, caller);
  });
  if (!isApp && !parts_.ledger.access(caller)) {
    return metaError({.code = 190, .message = "Invalid OAuth access token."});
  }
  const auto token = parts_.ledger.find(form.get("input_token"));
  if (!token) {
    return jsonReply(object({{"data", object({{"is_valid", false}, {"scopes", Poco::JSON::Array()}})}}));
  }
  constexpr int kDataAccess = 90 * 24 * 3600;
  return jsonReply(object({{"data", object({{"app_id", token->consent.clientId},
                                            {"type", token->label == "page" ? "PAGE" : "USER"},
                                            {"application", "Sandbox app"},
                                            {"expires_at", token->expiresAt},
                                            {"data_access_expires_at", token->issuedAt + kDataAccess},
                                            {"is_valid", token->state == AccessToken::State::Alive},
                                            {"issued_at", token->issuedAt},
                                            {"scopes", array(token->consent.scopes)},
                                            {"user_id", metaUserId(token->consent)}})}}));
}

}  // namespace sandbox
