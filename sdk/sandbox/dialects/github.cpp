#include "dialects/github.hpp"

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr int kDeviceLife = 900;
constexpr int kDeviceInterval = 5;

/// JSON only for whoever asks for it.
Reply answerAs(const Call& call, const Poco::JSON::Object& json) {
  if (call.request.header("Accept").find("json") != std::string::npos) return jsonReply(json);
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& [name, value] : json) fields.emplace_back(name, value.toString());
  return textReply(formEncode(fields), "application/x-www-form-urlencoded; charset=utf-8");
}

/// Errors come with status 200.
Reply refuse(const Call& call, const std::string& code, const std::string& description) {
  return answerAs(call, object({{"error", code},
                                {"error_description", description},
                                {"error_uri", "https://docs.github.com/apps/" + code}}));
}

}  // namespace

GitHub::GitHub(const Parts& parts) : Dialect(parts) {
  on("GET POST", "/login/oauth/authorize", "authorize", [this](const Call& call) { return authorize(call); });
  on("POST", "/login/oauth/access_token", "token", [this](const Call& call) { return token(call); });
  on("POST", "/login/device/code", "device", [this](const Call& call) { return startDevice(call); });
  on("GET POST", "/login/device", "authorize", [this](const Call& call) { return devicePage(call); });
  for (const char* apps : {"/apps", "/github-apps"}) {
    on("GET POST", std::string(apps) + "/{}/installations/new", "install",
       [this](const Call& call) { return install(call); });
  }
  addApi();
}

Policy GitHub::usual(Policy policy) const {
  policy.rotation = Rotation::Always;
  policy.refreshEndsAccess = true;
  policy.accessTtl = 28800;
  policy.refreshTtl = 15897600;
  policy.pkceRequired = false;
  return policy;
}

std::string GitHub::tokenText(TokenKind kind, const Consent&, const std::string& label) const {
  if (kind == TokenKind::Code) return randomLetters(20, "0123456789abcdef");
  if (kind == TokenKind::Refresh) return "ghr_" + randomLetters(76);
  if (label.empty()) return "ghu_" + randomLetters(36);
  if (label == "installation") return "ghs_" + randomLetters(36);
  // Since April 2026: a statement, about 520 characters long.
  const auto now = parts_.clock.now();
  return std::string("ghs_") + kAppId + "_" +
         parts_.keys.signer.sign(object(
             {{"iat", now}, {"exp", now + 3600}, {"iss", "token-service"}, {"jti", randomLetters(22)}}));
}

std::string GitHub::issuer(const Call& call) const {
  return call.root + "/login/oauth";
}

std::string GitHub::objection(const Call& call, const Client&) const {
  const Parameters query = call.query();
  const bool good = query.get("code_challenge").empty() || query.get("code_challenge_method") == "S256";
  return good ? "" : "invalid_request";
}

void GitHub::readRequest(const Call& call, Consent& consent) const {
  Dialect::readRequest(call, consent);
  consent.scopes.clear();  // the permissions of an app are fixed where it is registered
}

Reply GitHub::token(const Call& call) {
  const Parameters form = call.body();
  const std::string grantType = form.get("grant_type");
  const Client* client = call.policy.client(form.get("client_id"));
  const bool proven = client != nullptr && sameSecret(client->secret, form.get("client_secret"));
  if (client == nullptr || (!proven && grantType != kDeviceGrant)) {
    return refuse(call, "incorrect_client_credentials",
                  "The client_id and/or client_secret passed are incorrect.");
  }
  if (grantType == kDeviceGrant) return deviceToken(call, form.get("device_code"), *client);
  if (grantType == "refresh_token") {
    const auto outcome = parts_.ledger.refresh(form.get("refresh_token"), client->id, {}, call.policy);
    if (const auto* tokens = std::get_if<IssuedTokens>(&outcome)) return tokenAnswer(call, *tokens);
    return refuse(call, "bad_refresh_token", "The refresh token passed is incorrect or expired.");
  }
  if (!grantType.empty() && grantType != "authorization_code") {
    return refuse(call, "unsupported_grant_type", "The grant type is not supported.");
  }
  // The redirect URI may be left out here.
  const auto redirectUri = form.has("redirect_uri") ? std::optional(form.get("redirect_uri")) : std::nullopt;
  const auto redeemed =
      parts_.ledger.redeem(form.get("code"), client->id, redirectUri, form.get("code_verifier"));
  if (const auto* error = std::get_if<OAuthError>(&redeemed)) {
    if (error->reason == OAuthError::Reason::Redirect) {
      return refuse(call, "redirect_uri_mismatch",
                    "The redirect_uri MUST match the registered callback URL for this application.");
    }
    return refuse(call, "bad_verification_code", "The code passed is incorrect or expired.");
  }
  return tokenAnswer(call,
                     parts_.ledger.issue(std::get<Grant>(redeemed),
                                         {.scopes = {}, .refresh = call.policy.refreshToken}, call.policy));
}

Reply GitHub::tokenAnswer(const Call& call, const IssuedTokens& tokens) const {
  Poco::JSON::Object json = object({{"access_token", tokens.access}});
  if (call.policy.accessTtl > 0) json.set("expires_in", call.policy.accessTtl);
  if (!tokens.refresh.empty()) {
    json.set("refresh_token", tokens.refresh);
    json.set("refresh_token_expires_in", call.policy.refreshTtl);
  }
  json.set("token_type", "bearer");
  json.set("scope", "");
  return answerAs(call, json);
}

Reply GitHub::startDevice(const Call& call) {
  const Parameters form = call.body();
  const Client* client = call.policy.client(form.get("client_id"));
  if (client == nullptr) return refuse(call, "incorrect_client_credentials", "The client_id is incorrect.");
  Consent consent;
  consent.clientId = client->id;
  const auto start = parts_.devices.start(consent, kDeviceLife, kDeviceInterval);
  return answerAs(call, object({{"device_code", start.deviceCode},
                                {"user_code", start.userCode},
                                {"verification_uri", call.root + "/login/device"},
                                {"expires_in", kDeviceLife},
                                {"interval", kDeviceInterval}}));
}

Reply GitHub::deviceToken(const Call& call, const std::string& deviceCode, const Client& client) {
  const auto answer = parts_.devices.poll(deviceCode, client.id);
  switch (answer.poll) {
    case DeviceBoard::Poll::Granted:
      return tokenAnswer(
          call, parts_.ledger.issue(parts_.ledger.open(answer.consent),
                                    {.scopes = {}, .refresh = call.policy.refreshToken}, call.policy));
    case DeviceBoard::Poll::Pending:
      return refuse(call, "authorization_pending", "The authorization request is still pending.");
    case DeviceBoard::Poll::SlowDown:
      return answerAs(call, object({{"error", "slow_down"},
                                    {"error_description", "Too many requests have been made."},
                                    {"interval", answer.interval}}));
    case DeviceBoard::Poll::Expired:
      return refuse(call, "expired_token", "The device code has expired.");
    case DeviceBoard::Poll::Denied:
      return refuse(call, "access_denied", "The person cancelled the authorization.");
    case DeviceBoard::Poll::Unknown:
      break;
  }
  return refuse(call, "incorrect_device_code", "The device_code provided is not valid.");
}

}  // namespace sandbox
