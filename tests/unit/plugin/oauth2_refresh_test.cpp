#include <gtest/gtest.h>

#include "scripted_services.hpp"

namespace agw::test {
namespace {

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

}  // namespace
}  // namespace agw::test
