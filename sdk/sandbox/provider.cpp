#include "provider.hpp"

#include <Poco/JSON/Array.h>

#include <chrono>
#include <thread>

#include "consent_page.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

void pause(int milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
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
  // Without script nothing ticks the choice when somebody types, so what was typed wins.
  consent.account = form.get("other").empty() ? form.get("account") : form.get("other");
  if (form.get("decision") != "allow") {
    return backToClient(request, consent.redirectUri, state, "error", "access_denied", *policy);
  }
  if (consent.account.find('@') == std::string::npos) {
    return pageReply(messagePage("No account", "Go back and choose an account, or type an e-mail address."),
                     400);
  }
  if (policy->grantedScopes) {
    const auto& allowed = *policy->grantedScopes;
    std::erase_if(consent.scopes, [&](const std::string& scope) { return !hasScope(allowed, scope); });
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

}  // namespace sandbox
