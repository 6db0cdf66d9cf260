#include <gtest/gtest.h>

#include "auth_gateway/provider.hpp"
#include "scripted_services.hpp"

namespace agw::test {
namespace {

const AuthorizationRequest authorization{.state = "st&te",
                                         .nonce = "n0nce",
                                         .codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                                         .scopes = {"openid", "https://x.example/a b"},
                                         .loginHint = "alice@example.com"};

std::string header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "(absent)";
}

TEST(Oauth2, Authorize_CarriesStateNonceRedirectAndS256Challenge) {  // A9
  ScriptedServices services;
  const auto url = oauth2(services)->authorizationUrl(authorization);
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(*url,
            "https://id.example.com/auth?response_type=code&client_id=gateway"
            "&redirect_uri=https%3A%2F%2Fauth.example.com%2Fauth%2Fcallback%2Fcorp"
            "&scope=openid%20https%3A%2F%2Fx.example%2Fa%20b&state=st%26te"
            "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
            "&nonce=n0nce&login_hint=alice%40example.com");
  EXPECT_TRUE(services.requests.empty());
}

TEST(Oauth2, Authorize_KeepsTheQueryOfTheAddressAndAddsTheParametersOfOptions) {
  ScriptedServices services;
  auto options = corpOptions();
  options["authorization_url"] = "https://id.example.com/auth?tenant=a";
  options["authorization_params"] = {{"prompt", "consent"}, {"max_age", 5}};
  const auto url = oauth2(services, options)->authorizationUrl(authorization);
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->find("https://id.example.com/auth?tenant=a&response_type=code"), 0U);
  EXPECT_NE(url->find("&prompt=consent&max_age=5"), std::string::npos);
}

TEST(Oauth2, Authorize_ParameterThatTheGatewaySets_IsTheOperatorsMistake) {
  ScriptedServices services;
  auto options = corpOptions();
  options["authorization_params"] = {{"state", "fixed"}};
  const auto url = oauth2(services, options)->authorizationUrl(authorization);
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(url.error().code, "provider_misconfigured");
  EXPECT_NE(url.error().message.find("state"), std::string::npos);
}

TEST(Oauth2, PkceUnsupported_SendsNeitherChallengeNorVerifier) {
  ScriptedServices services;
  auto options = corpOptions();
  options["pkce"] = "unsupported";
  const auto provider = oauth2(services, options);
  EXPECT_EQ(provider->capabilities().pkce, Capabilities::Pkce::None);
  EXPECT_EQ(provider->authorizationUrl(authorization)->find("challenge"), std::string::npos);
  services.answer(200, R"({"access_token":"a"})");
  ASSERT_TRUE(provider->exchange({Secret("code-1234"), Secret("verifier-1234"), {}}).ok());
  EXPECT_EQ(services.requests.at(0).body.reveal().find("verifier"), std::string_view::npos);
}

TEST(Oauth2, Exchange_SendsCodeVerifierAndClientInTheBody) {
  ScriptedServices services;
  services.answer(200, R"({"access_token":"at","refresh_token":"rt","id_token":"x.y.z","token_type":"bearer",
                           "expires_in":3600,"refresh_expires_in":"7200","scope":"openid email"})");
  const auto tokens = oauth2(services)->exchange({Secret("code-1234"), Secret("verifier-1234"), {"openid"}});
  ASSERT_TRUE(tokens.ok()) << tokens.error().message;
  EXPECT_EQ(tokens->accessToken.reveal(), "at");
  EXPECT_EQ(tokens->refreshToken.reveal(), "rt");
  EXPECT_EQ(tokens->idToken.reveal(), "x.y.z");
  EXPECT_EQ(tokens->tokenType, "bearer");
  EXPECT_EQ(tokens->expiresIn, std::chrono::seconds(3600));
  EXPECT_EQ(tokens->refreshExpiresIn, std::chrono::seconds(7200));
  EXPECT_EQ(tokens->scopes, (Scopes{"openid", "email"}));
  const auto& request = services.requests.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://id.example.com/token");
  EXPECT_EQ(header(request, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body.reveal(),
            "grant_type=authorization_code&code=code-1234"
            "&redirect_uri=https%3A%2F%2Fauth.example.com%2Fauth%2Fcallback%2Fcorp"
            "&code_verifier=verifier-1234&client_id=gateway&client_secret=hush-hush-hush");
}

TEST(Oauth2, ClientAuthBasic_FormEncodesBeforeJoining) {  // RFC 6749 section 2.3.1
  ScriptedServices services;
  auto options = corpOptions();
  options["client_auth"] = "basic";
  auto config = gatewayConfig(options);
  config.clientId = "id:1";
  config.clientSecret = Secret("s c%");
  services.answer(200, R"({"access_token":"at"})");
  ASSERT_TRUE(makeProvider(*adoptPlugin(builtinOauth2()), config, services)->refresh(refreshRequest()).ok());
  EXPECT_EQ(header(services.requests.at(0), "Authorization"), "Basic aWQlM0ExOnMlMjBjJTI1");
  EXPECT_EQ(services.requests.at(0).body.reveal(), "grant_type=refresh_token&refresh_token=refresh-token-1");
}

TEST(Oauth2, ClientAuthNone_SendsNoSecret) {
  ScriptedServices services;
  auto options = corpOptions();
  options["client_auth"] = "none";
  services.answer(200, R"({"access_token":"at"})");
  ASSERT_TRUE(oauth2(services, options)->refresh(refreshRequest()).ok());
  EXPECT_EQ(services.requests.at(0).body.reveal().find("hush"), std::string_view::npos);
}

TEST(Oauth2, RequestFormatJson_SendsOneObject) {
  ScriptedServices services;
  auto options = corpOptions();
  options["request_format"] = "json";
  services.answer(200, R"({"access_token":"at"})");
  ASSERT_TRUE(oauth2(services, options)->refresh(refreshRequest()).ok());
  EXPECT_EQ(header(services.requests.at(0), "Content-Type"), "application/json");
  EXPECT_EQ(
      services.requests.at(0).body.reveal(),
      R"({"grant_type":"refresh_token","refresh_token":"refresh-token-1","client_id":"gateway","client_secret":"hush-hush-hush"})");
}

TEST(Oauth2, FormEncodedAnswerWithCommas_IsRead) {
  ScriptedServices services;
  services.answer(200, "access_token=at&scope=repo%2Cgist&token_type=bearer",
                  "application/x-www-form-urlencoded; charset=utf-8");
  const auto tokens = oauth2(services)->refresh(refreshRequest());
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->scopes, (Scopes{"repo", "gist"}));
}

TEST(Oauth2, Revoke_PrefersTheRefreshTokenAndTakesAnUnknownTokenAsDone) {  // RFC 7009 section 2.2
  ScriptedServices services;
  services.answer(200, "");
  const RevokeRequest both{
      .accessToken = Secret("access-token-1"), .refreshToken = Secret("refresh-token-1"), .carry = {}};
  EXPECT_TRUE(oauth2(services)->revoke(both).ok());
  EXPECT_EQ(services.requests.at(0).url, "https://id.example.com/revoke");
  EXPECT_EQ(
      services.requests.at(0).body.reveal(),
      "token=refresh-token-1&token_type_hint=refresh_token&client_id=gateway&client_secret=hush-hush-hush");
  services.answer(400, R"({"error":"invalid_token"})");
  EXPECT_TRUE(oauth2(services)->revoke(both).ok());
  services.answer(503, "");
  EXPECT_EQ(oauth2(services)->revoke(both).error().kind, ErrorKind::Transient);
}

TEST(Oauth2, Revoke_OfAKindThatIsNotRevoked_TriesTheAccessTokenOnceAndIsThenUnsupported) {  // section 2.2.1
  constexpr auto refused = R"({"error":"unsupported_token_type"})";
  const RevokeRequest both{
      .accessToken = Secret("access-token-1"), .refreshToken = Secret("refresh-token-1"), .carry = {}};
  ScriptedServices services;
  services.answer(400, refused);
  services.answer(200, "");
  EXPECT_TRUE(oauth2(services)->revoke(both).ok());
  ASSERT_EQ(services.requests.size(), 2U);
  EXPECT_EQ(
      services.requests.at(1).body.reveal(),
      "token=access-token-1&token_type_hint=access_token&client_id=gateway&client_secret=hush-hush-hush");
  services.answer(400, refused);
  services.answer(400, refused);
  EXPECT_EQ(oauth2(services)->revoke(both).error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(services.requests.size(), 4U);
  services.answer(400, refused);
  const RevokeRequest refreshOnly{.accessToken = {}, .refreshToken = Secret("refresh-token-1"), .carry = {}};
  EXPECT_EQ(oauth2(services)->revoke(refreshOnly).error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(services.requests.size(), 5U);
  services.answer(503, refused);
  EXPECT_EQ(oauth2(services)->revoke(both).error().kind, ErrorKind::Transient);
  EXPECT_EQ(services.requests.size(), 6U);
}

TEST(Oauth2, Revoke_WithoutAnAddress_IsUnsupportedAndSaysSoInCapabilities) {
  ScriptedServices services;
  auto options = corpOptions();
  options.erase("revocation_url");
  const auto provider = oauth2(services, options);
  EXPECT_FALSE(provider->capabilities().revoke);
  EXPECT_EQ(provider->revoke({}).error().kind, ErrorKind::Unsupported);
}

TEST(Oauth2, Identify_Userinfo_TellsSubjectAndVerifiedEmail) {
  ScriptedServices services;
  services.answer(200, R"({"sub":"248289761001","email":"a@example.com","email_verified":true})");
  TokenSet tokens;
  tokens.accessToken = Secret("access-token-1");
  const auto identity = oauth2(services)->identify(tokens, "n0nce");
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->subject, "248289761001");
  EXPECT_EQ(identity->email, "a@example.com");
  EXPECT_TRUE(identity->emailVerified);
  EXPECT_EQ(header(services.requests.at(0), "Authorization"), "Bearer access-token-1");
  EXPECT_EQ(services.requests.at(0).method, "GET");
}

TEST(Oauth2, Identify_EmailNotSaidToBeVerified_IsNotVerified) {
  for (const char* claim :
       {"", R"(,"email_verified":false)", R"(,"email_verified":"yes")", R"(,"email_verified":1)"}) {
    ScriptedServices services;
    services.answer(200, std::string(R"({"sub":"1","email":"a@example.com")") + claim + "}");
    EXPECT_FALSE(oauth2(services)->identify({}, "")->emailVerified) << claim;
  }
}

boost::json::object openIdOptions() {
  auto options = corpOptions();
  options["jwks_url"] = "https://id.example.com/keys";
  options["issuer"] = "https://id.example.com";
  return options;
}

TEST(Oauth2, Identify_IdToken_IsVerifiedByTheHostWithIssuerKeysAudienceAndNonce) {  // A11
  ScriptedServices services;
  services.claims = boost::json::object{
      {"iss", "https://id.example.com"}, {"sub", "s1"}, {"email", "a@example.com"}, {"email_verified", true}};
  TokenSet tokens;
  tokens.idToken = Secret("x.y.z");
  const auto identity = oauth2(services, openIdOptions())->identify(tokens, "n0nce");
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->issuer, "https://id.example.com");
  EXPECT_EQ(identity->subject, "s1");
  EXPECT_TRUE(identity->emailVerified);
  ASSERT_EQ(services.checks.size(), 1U);
  EXPECT_EQ(services.checks[0].issuers, std::vector<std::string>{"https://id.example.com"});
  EXPECT_EQ(services.checks[0].jwksUrl, "https://id.example.com/keys");
  EXPECT_EQ(services.checks[0].audience, "gateway");
  EXPECT_EQ(services.checks[0].nonce, "n0nce");
  EXPECT_TRUE(services.requests.empty());
}

TEST(Oauth2, Identify_IdTokenThatFails_IsNotReplacedByUserinfo) {  // A11
  ScriptedServices services;
  services.claims = Error{.kind = ErrorKind::Malformed, .message = "The nonce is another."};
  services.answer(200, R"({"sub":"1"})");
  TokenSet tokens;
  tokens.idToken = Secret("x.y.z");
  const auto identity = oauth2(services, openIdOptions())->identify(tokens, "n0nce");
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.error().kind, ErrorKind::Malformed);
  EXPECT_EQ(identity.error().message, "The nonce is another.");
  EXPECT_TRUE(services.requests.empty());
}

TEST(Oauth2, Describe_FollowsTheOptions) {
  ScriptedServices services;
  auto options = openIdOptions();
  options["issuer"] = boost::json::array{"https://id.example.com", "id.example.com"};
  options["issuer_in_callback"] = true;
  options["access_ttl_default"] = 1800;
  const auto provider = oauth2(services, options);
  EXPECT_EQ(provider->issuers(), (std::vector<std::string>{"https://id.example.com", "id.example.com"}));
  EXPECT_TRUE(provider->issuerRequired());
  EXPECT_EQ(provider->accessTtlDefault(), std::chrono::seconds(1800));
  EXPECT_EQ(provider->capabilities().pkce, Capabilities::Pkce::Required);
  EXPECT_TRUE(provider->capabilities().identity);
  EXPECT_TRUE(provider->capabilities().verifiedEmail);
  EXPECT_FALSE(oauth2(services, {})->capabilities().identity);
  EXPECT_EQ(provider->normalizeScopes({"a", "b"}), (Scopes{"a", "b"}));
}

class Rotating final : public auth_gateway::OAuthProvider {
  auth_gateway::Dialect dialect(const auth_gateway::Call&) const override {
    auth_gateway::Dialect rotating;
    rotating.refreshGrace = 600;
    rotating.refreshIdleTtl = 7776000;
    rotating.renewBefore = 86400;
    rotating.refreshPerAccount = true;
    return rotating;
  }
};

TEST(PluginProvider, RefreshFacts_AreWhatThePluginDescribes) {
  ScriptedServices services;
  const auto* plugin = auth_gateway::detail::descriptor<Rotating>("corp", "1.0.0", "Corp", AGW_CAN_REFRESH);
  const auto facts = makeProvider(*adoptPlugin(plugin), gatewayConfig({}), services)->refreshFacts();
  EXPECT_EQ(facts.grace, std::chrono::minutes(10));
  EXPECT_EQ(facts.idleTtl, std::chrono::hours(24 * 90));
  EXPECT_EQ(facts.renewBefore, std::chrono::hours(24));
  EXPECT_TRUE(facts.perAccount);
}

TEST(Oauth2, RefreshFacts_OfAProviderThatTellsNone_PromiseNothing) {
  ScriptedServices services;
  const auto facts = oauth2(services)->refreshFacts();
  EXPECT_EQ(facts.grace, std::chrono::seconds(0));
  EXPECT_FALSE(facts.idleTtl);
  EXPECT_EQ(facts.renewBefore, std::chrono::seconds(0));
  EXPECT_FALSE(facts.perAccount);
}

TEST(Oauth2, AllowPrivate_IsPassedOnToTheClient) {
  ScriptedServices services;
  auto config = gatewayConfig(corpOptions());
  config.allowPrivate = true;
  services.answer(200, R"({"access_token":"at"})");
  ASSERT_TRUE(makeProvider(*adoptPlugin(builtinOauth2()), config, services)->refresh(refreshRequest()).ok());
  EXPECT_TRUE(services.requests.at(0).allowPrivate);
}

}  // namespace
}  // namespace agw::test
