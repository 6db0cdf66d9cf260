#include <gtest/gtest.h>

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

RefreshRequest refreshRequest() {
  return {.refreshToken = Secret("refresh-token-1"),
          .accessToken = Secret("access-token-1"),
          .scopes = {},
          .carry = {}};
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

struct Reply {
  const char* name;
  int status;
  const char* body;
  ErrorKind atRefresh;
  ErrorKind atExchange;
};

class ErrorReplies : public testing::TestWithParam<Reply> {};

TEST_P(ErrorReplies, Refresh_OnlyAListedWordEndsTheGrant) {  // E5
  ScriptedServices services;
  services.answer(GetParam().status, GetParam().body);
  const auto tokens = oauth2(services)->refresh(refreshRequest());
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(toString(tokens.error().kind), std::string(toString(GetParam().atRefresh)));
  EXPECT_EQ(tokens.error().message.find("secret story"), std::string::npos);
  EXPECT_EQ(tokens.error().detail.find("secret story"), std::string::npos);
  const bool refused = GetParam().status == 503 || (GetParam().status >= 400 && GetParam().status < 500);
  EXPECT_EQ(tokens.error().facts.count("sent"), refused ? 1U : 0U);
}

TEST_P(ErrorReplies, Exchange_NeverSpeaksOfAGrant) {
  ScriptedServices services;
  services.answer(GetParam().status, GetParam().body);
  const auto tokens = oauth2(services)->exchange({Secret("code-1234"), Secret("verifier-1234"), {}});
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(toString(tokens.error().kind), std::string(toString(GetParam().atExchange)));
}

constexpr auto transient = ErrorKind::Transient;
INSTANTIATE_TEST_SUITE_P(
    Table, ErrorReplies,
    testing::Values(
        Reply{"InvalidGrant", 400, R"({"error":"invalid_grant","error_description":"secret story"})",
              ErrorKind::GrantDead, ErrorKind::Denied},
        Reply{"InvalidGrant403", 403, R"({"error":"invalid_grant"})", ErrorKind::GrantDead,
              ErrorKind::Denied},
        Reply{"ErrorUnder200", 200, R"({"error":"invalid_grant"})", ErrorKind::GrantDead, ErrorKind::Denied},
        Reply{"InvalidGrantUnder500", 500, R"({"error":"invalid_grant"})", transient, transient},
        Reply{"InvalidClient", 401, R"({"error":"invalid_client"})", ErrorKind::BadClient,
              ErrorKind::BadClient},
        Reply{"UnauthorizedClient", 400, R"({"error":"unauthorized_client"})", ErrorKind::BadClient,
              ErrorKind::BadClient},
        Reply{"RedirectMismatch", 400, R"({"error":"redirect_uri_mismatch"})", ErrorKind::BadClient,
              ErrorKind::BadClient},
        Reply{"InvalidScope", 400, R"({"error":"invalid_scope"})", ErrorKind::BadOption,
              ErrorKind::BadOption},
        Reply{"AccessDenied", 400, R"({"error":"access_denied"})", transient, ErrorKind::Denied},
        Reply{"UnknownWord", 400, R"({"error":"moon_phase"})", transient, transient},
        Reply{"ErrorObject", 400, R"({"error":{"code":400,"message":"invalid_grant"}})", transient,
              transient},
        Reply{"HtmlUnder403", 403, "<html>invalid_grant</html>", transient, transient},
        Reply{"HtmlUnder502", 502, "<html></html>", transient, transient},
        Reply{"HtmlUnder200", 200, "<html></html>", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"Empty401", 401, "", transient, transient},
        Reply{"TooMany", 429, R"({"error":"invalid_grant"})", ErrorKind::RateLimited, ErrorKind::RateLimited},
        Reply{"TimeOut408", 408, "", transient, transient},
        Reply{"Redirect", 302, "", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"CutJson", 200, R"({"access_token":"at)", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"NoToken", 200, "{}", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"EmptyToken", 200, R"({"access_token":""})", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"NullToken", 200, R"({"access_token":null})", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"TokenIsAnObject", 200, R"({"access_token":{"a":1}})", ErrorKind::Malformed,
              ErrorKind::Malformed},
        Reply{"TokenIsTrue", 200, R"({"access_token":true})", ErrorKind::Malformed, ErrorKind::Malformed},
        Reply{"TokenWithLineBreak", 200, R"({"access_token":"a\r\nb"})", ErrorKind::Malformed,
              ErrorKind::Malformed},
        Reply{"TokenWithNul", 200, R"({"access_token":"a\u0000b"})", ErrorKind::Malformed,
              ErrorKind::Malformed},
        Reply{"InvalidUtf8", 200, "{\"access_token\":\"\xff\xfe\"}", ErrorKind::Malformed,
              ErrorKind::Malformed}),
    [](const auto& reply) { return reply.param.name; });

TEST(Oauth2, Refresh_TokenOver60KB_IsMalformed) {  // E6
  ScriptedServices services;
  services.answer(200, R"({"access_token":")" + std::string(60'001, 'a') + "\"}");
  EXPECT_EQ(oauth2(services)->refresh(refreshRequest()).error().kind, ErrorKind::Malformed);
}

TEST(Oauth2, Refresh_LifetimesThatAreNone_ReadAsAbsent) {  // E6
  for (const char* life :
       {"0", "-5", "1e18", "999999999999", "\"soon\"", "true", "{}", "null", "\"\"", "1.5"}) {
    ScriptedServices services;
    services.answer(200, std::string(R"({"access_token":"at","expires_in":)") + life + "}");
    const auto tokens = oauth2(services)->refresh(refreshRequest());
    ASSERT_TRUE(tokens.ok()) << life;
    EXPECT_FALSE(tokens->expiresIn) << life;
  }
}

TEST(Oauth2, Refresh_LifetimeAsTextOrWithAFractionOfZero_IsRead) {
  for (const char* life : {"3599", "\"3599\"", "3599.0"}) {
    ScriptedServices services;
    services.answer(200, std::string(R"({"access_token":"at","expires_in":)") + life + "}");
    EXPECT_EQ(oauth2(services)->refresh(refreshRequest())->expiresIn, std::chrono::seconds(3599)) << life;
  }
}

TEST(Oauth2, Refresh_AnswerWithoutRefreshTokenOrScope_LeavesBothAbsent) {
  ScriptedServices services;
  services.answer(200, R"({"access_token":"at","scope":""})");
  const auto tokens = oauth2(services)->refresh(refreshRequest());
  ASSERT_TRUE(tokens.ok());
  EXPECT_TRUE(tokens->refreshToken.empty());
  EXPECT_FALSE(tokens->scopes);
  EXPECT_EQ(tokens->tokenType, "Bearer");
}

TEST(Oauth2, Refresh_RetryAfterOfTheAnswer_IsToldAsDurationOrDate) {
  ScriptedServices services;
  services.answer(429, "", "text/html", {{"Retry-After", "17"}});
  EXPECT_EQ(oauth2(services)->refresh(refreshRequest()).error().retryAfter, std::chrono::seconds(17));
  services.answer(503, "", "text/html", {{"Retry-After", "Tue, 14 Nov 2023 22:14:20 GMT"}});
  const auto error = oauth2(services)->refresh(refreshRequest()).error();
  EXPECT_EQ(error.retryAfter, std::chrono::seconds(60));
  EXPECT_EQ(error.code, "provider_unavailable");
}

TEST(Oauth2, Refresh_NothingReachedTheProvider_IsToldAsAFact) {
  ScriptedServices services;
  services.answers.emplace_back(
      Error{.kind = ErrorKind::Transient, .message = "No connection.", .code = "not_sent"});
  const auto error = oauth2(services)->refresh(refreshRequest()).error();
  EXPECT_EQ(error.facts.at("sent"), std::vector<std::string>{"no"});
  EXPECT_EQ(error.code, "provider_unavailable");
  EXPECT_EQ(error.message, "No connection.");
}

TEST(Oauth2, Refresh_ProviderSaysThatItIsAway_IsToldAsRefused) {
  ScriptedServices services;
  services.answer(503, "", "text/html");
  EXPECT_EQ(oauth2(services)->refresh(refreshRequest()).error().facts.at("sent"),
            std::vector<std::string>{"refused"});
}

TEST(Oauth2, Refresh_LostAnswer_ClaimsNothingAboutSending) {
  ScriptedServices services;
  services.answers.emplace_back(Error{.kind = ErrorKind::Transient, .message = "Deadline."});
  EXPECT_EQ(oauth2(services)->refresh(refreshRequest()).error().facts.count("sent"), 0U);
}

TEST(Oauth2, ErrorWordsOfOptions_AreAddedToTheKnownOnes) {
  ScriptedServices services;
  auto options = corpOptions();
  options["error_words"] = {{"dead", boost::json::array{"token_gone"}}};
  services.answer(400, R"({"error":"token_gone"})");
  EXPECT_EQ(oauth2(services, options)->refresh(refreshRequest()).error().kind, ErrorKind::GrantDead);
  services.answer(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(oauth2(services, options)->refresh(refreshRequest()).error().kind, ErrorKind::GrantDead);
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
