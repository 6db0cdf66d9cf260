#include "scenarios.hpp"

namespace agw {
namespace {

using auth_gateway::testing::Answer;
using auth_gateway::testing::Given;

Answer html(int status) {
  return {
      status, "<!DOCTYPE html><html><title>invalid_grant</title></html>", {{"Content-Type", "text/html"}}};
}
Answer json(int status, std::string body) {
  return {status, std::move(body)};
}

}  // namespace

std::vector<Scenario> failures() {
  // It quotes what it was sent, as careless providers do.
  const std::string story = R"("error_description":"refresh-token-0123456789 of client-secret-0123456789")";
  auto limited = html(429);
  limited.headers.emplace_back("Retry-After", "30");
  Answer lost;
  lost.sent = AGW_TRANSIENT;
  Answer refused;
  refused.sent = AGW_BAD_OPTION;
  return {
      {"no answer", lost, {AGW_TRANSIENT}},
      {"an address that the host refuses", refused, {AGW_BAD_OPTION}},
      {"500 with HTML", html(500), {AGW_TRANSIENT}},
      {"502 with HTML", html(502), {AGW_TRANSIENT}},
      {"503 with an error word", json(503, R"({"error":"temporarily_unavailable"})"), {AGW_TRANSIENT}},
      {"500 with invalid_grant", json(500, R"({"error":"invalid_grant"})"), {AGW_TRANSIENT}},
      {"429", limited, {AGW_RATE_LIMITED}},
      {"408", html(408), {AGW_TRANSIENT}},
      {"403 with a firewall's HTML", html(403), {AGW_TRANSIENT}},
      {"400 with an unknown word",
       json(400, R"({"ok":false,"error":"an_unknown_word",)" + story + "}"),
       {AGW_TRANSIENT}},
      {"200 with an unknown word",
       json(200, R"({"ok":false,"error":"an_unknown_word",)" + story + "}"),
       {AGW_TRANSIENT}},
      {"400 with an error object", json(400, R"({"error":{"code":400,"message":"invalid_grant"}})"), {}},
      {"400 without a body", json(400, ""), {AGW_TRANSIENT}},
      {"200 with HTML", html(200), {AGW_MALFORMED}},
      {"200 without a body", json(200, ""), {AGW_MALFORMED}},
      {"cut JSON", json(200, R"({"ok":true,"access_token":"abc)"), {AGW_MALFORMED}},
      {"a JSON list", json(200, "[]"), {AGW_MALFORMED}},
      {"an answer without a token", json(200, R"({"ok":true,"token_type":"Bearer"})"), {AGW_MALFORMED}},
      {"a token that is an object", json(200, R"({"ok":true,"access_token":{"a":1}})"), {AGW_MALFORMED}},
      {"a token that is null", json(200, R"({"ok":true,"access_token":null})"), {AGW_MALFORMED}},
  };
}

Given everythingGiven(std::uint32_t operation, const std::string& optionsJson) {
  Given given;
  given.operation = operation;
  given.options = optionsJson;
  given.clientId = "client-id-0123456789";
  given.clientSecret = "client-secret-0123456789";
  given.inputs = {{"redirect_uri", "https://auth.example.com/auth/callback/x"}, {"scopes", "openid email"}};
  auto& inputs = given.inputs;
  if (operation == AGW_AUTHORIZE) {
    inputs["state"] = "state&0123456789";
    inputs["nonce"] = "nonce-0123456789";
    inputs["code_challenge"] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    inputs["login_hint"] = "alice@example.com";
  } else if (operation == AGW_EXCHANGE) {
    inputs["code"] = "code-0123456789";
    inputs["code_verifier"] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  } else if (operation != AGW_DESCRIBE) {
    inputs["refresh_token"] = "refresh-token-0123456789";
    inputs["access_token"] = "access-token-0123456789";
  }
  return given;
}

const std::vector<std::string>& givenSecrets() {
  static const std::vector<std::string> secrets{"client-secret-0123456789", "code-0123456789",
                                                "refresh-token-0123456789", "access-token-0123456789",
                                                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};
  return secrets;
}

}  // namespace agw
