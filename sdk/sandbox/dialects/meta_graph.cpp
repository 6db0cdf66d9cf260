#include <algorithm>

#include "dialects/meta.hpp"
#include "dialects/meta_answers.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

Parameters bothOf(const Call& call) {
  Parameters all = call.query();
  all.append(call.body());
  return all;
}

bool deletes(const Call& call, const Parameters& form) {
  return call.request.method == "DELETE" || (call.posts() && lower(form.get("method")) == "delete");
}

}  // namespace

void Meta::graph(const std::string& pattern, const std::string& endpoint, const Handler& handler) {
  for (const char* version : {"/graph", "/graph/{}"}) {
    on("GET POST DELETE", version + pattern, endpoint,
       [handler](const Call& call) { return handler(call, bothOf(call)); });
  }
}

Meta::Handler Meta::asPerson(PersonHandler handler) const {
  return [this, handler = std::move(handler)](const Call& call, const Parameters& form) {
    std::string text = bearerToken(call.request);
    if (text.empty()) text = form.get("access_token");
    const auto token = parts_.ledger.find(text);
    if (!token || token->state != AccessToken::State::Alive) return metaError(tokenFault(token));
    // As with "Require App Secret", which Meta advises.
    const Client* client = call.policy.client(token->consent.clientId);
    const std::string proof = form.get("appsecret_proof");
    if (proof.empty()) {
      return metaError(
          {.code = 100, .message = "API calls from the server require an appsecret_proof argument"});
    }
    if (client == nullptr || !sameSecret(proof, hex(hmacSha256(client->secret, text)))) {
      return metaError({.code = 100, .message = "Invalid appsecret_proof provided in the API argument"});
    }
    return handler(call, form, token->consent);
  };
}

/// With DELETE: takes one permission, or the whole app with every token, back.
Reply Meta::permissions(const Call& call, const Parameters& form, const Consent& consent) {
  const std::string one = call.captures.back();
  const bool all = call.request.path.rfind("/permissions") == call.request.path.size() - 12;
  if (deletes(call, form)) {
    if (all) {
      parts_.ledger.withdraw(consent.account);
    } else {
      auto left = consent.scopes;
      std::erase(left, one);
      parts_.ledger.narrow(consent.account, consent.clientId, left);
    }
    return jsonReply(object({{"success", true}}));
  }
  Poco::JSON::Array list;
  for (const auto& scope : splitScopes(consent.note)) {
    list.add(object(
        {{"permission", scope}, {"status", hasScope(consent.scopes, scope) ? "granted" : "declined"}}));
  }
  return jsonReply(object({{"data", list}}));
}

/// Each Page has a token of its own, without end.
Reply Meta::pages(const Call& call, const Consent& consent) {
  if (!hasScope(consent.scopes, "pages_show_list")) return jsonReply(object({{"data", Poco::JSON::Array()}}));
  Poco::JSON::Array list;
  for (const auto& organisation : knownOrganisations()) {
    const auto tokens = parts_.ledger.issue(
        parts_.ledger.open(consent),
        {.scopes = consent.scopes, .label = "page", .refresh = false, .accessTtl = 0}, call.policy);
    list.add(object({{"access_token", tokens.access},
                     {"name", organisation.title},
                     {"id", std::to_string(numberOf("meta-page:" + organisation.name))},
                     {"tasks", array<std::string>({"ANALYZE", "MANAGE"})}}));
  }
  return jsonReply(object({{"data", list}, {"paging", Poco::JSON::Object()}}));
}

// ---- callbacks

std::vector<Action> Meta::actions() const {
  using About = Action::About;
  return {{.about = About::Account, .name = "withdraw", .label = "Remove the app"},
          {.about = About::Account, .name = "delete_data", .label = "Ask for deletion of data"},
          {.about = About::Nothing, .name = "verification", .label = "Verify the address"}};
}

std::vector<Delivery> Meta::happen(const Event& event, const Call& call) {
  if (event.name == "verification") {
    const std::string challenge = std::to_string(numberOf(randomText()));
    return {{.event = event.name,
             .method = "GET",
             .query = formEncode({{"hub.mode", "subscribe"},
                                  {"hub.challenge", challenge},
                                  {"hub.verify_token", call.policy.webhookSecret}})}};
  }
  if (event.name != "withdraw" && event.name != "delete_data") {
    throw BadControl("event must be one of: withdraw, delete_data, verification");
  }
  const Client& client = call.policy.clients.front();
  Consent consent;
  consent.clientId = client.id;
  consent.account = event.account;
  const std::string payload = base64Url(toText(object(
      {{"algorithm", "HMAC-SHA256"}, {"issued_at", parts_.clock.now()}, {"user_id", metaUserId(consent)}})));
  const std::string request = base64Url(hmacSha256(client.secret, payload)) + "." + payload;
  if (event.name == "withdraw") parts_.ledger.withdraw(event.account);
  return {{.event = event.name,
           .contentType = "application/x-www-form-urlencoded",
           .body = formEncode({{"signed_request", request}})}};
}

}  // namespace sandbox
