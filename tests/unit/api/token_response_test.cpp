#include "api/endpoints/token_response.hpp"

#include "api/edge/write_head.hpp"
#include "api_rig.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::ApiRig;
using test::headerOf;
using test::kAlice;
using test::subject;
using testing::HasSubstr;
using testing::Not;

class TokenResponse : public testing::Test, public ApiRig {
 protected:
  void SetUp() override { connect(); }
  Response token(const std::string& ifNoneMatch = {}, const std::string& more = {}) {
    Headers headers;
    if (!ifNoneMatch.empty()) headers.emplace_back("If-None-Match", ifNoneMatch);
    const std::string body = R"({"provider":"fake","user_email":"alice@x.com")" + more + "}";
    return ask({.path = "/auth/token", .body = body, .headers = headers});
  }
};

TEST_F(TokenResponse, SameTokenAgain_HasTheSameStrongValidator) {
  const auto tag = headerOf(token(), "ETag");
  EXPECT_EQ(tag.size(), 24U);
  EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"'));
  EXPECT_EQ(headerOf(token(), "ETag"), tag);
}

TEST_F(TokenResponse, ValidatorSentBack_IsAnswered304WithoutABody) {
  const auto tag = headerOf(token(), "ETag");
  const auto unchanged = token(tag);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(headerOf(unchanged, "ETag"), tag);
  EXPECT_TRUE(unchanged.noStore);
}

TEST_F(TokenResponse, RenewedToken_IsAnsweredWhole) {
  const auto tag = headerOf(token(), "ETag");
  clock.advance(3600s);
  const auto renewed = token(tag);
  EXPECT_EQ(renewed.status, 200);
  EXPECT_NE(headerOf(renewed, "ETag"), tag);
}

// The same token, which does not live for what is asked now: that it is known is no answer.
TEST_F(TokenResponse, KnownTokenWithTooLittleLife_IsRenewed) {
  const auto tag = headerOf(token(), "ETag");
  clock.advance(1800s);
  EXPECT_EQ(token(tag).status, 304);
  EXPECT_EQ(token(tag, R"(,"min_ttl":3000)").status, 200);
}

TEST_F(TokenResponse, RevokedGrant_IsARefusalWhateverTheCallerKnows) {
  const auto tag = headerOf(token(), "ETag");
  ASSERT_TRUE(revoke.revoke("fake", kAlice, "key", "r").ok());
  EXPECT_EQ(token(tag).status, 401);
}

TEST_F(TokenResponse, DegradedAnswer_IsAnotherOne) {
  const auto tag = headerOf(token(), "ETag");
  directory.notConfigured("fake");
  clock.advance(3400s);
  EXPECT_EQ(token(tag).status, 200);
}

TEST_F(TokenResponse, KeyOfValidators_MakesThem) {
  boost::json::object body{{"access_token", "secret"}};
  Gateway one(parts());
  one.parts.settings.validatorKey = Secret("one");
  const auto first = headerOf(tokenResponse(one, {}, body), "ETag");
  one.parts.settings.validatorKey = Secret("two");
  EXPECT_NE(headerOf(tokenResponse(one, {}, body), "ETag"), first);
}

TEST(NamesTag, ListsWeakOnesAndTheStar_AreUnderstood) {
  for (const char* field :
       {R"("a")", R"(W/"a")", R"("b", "a")", R"( "b" ,W/"a" )", "*", R"(,,"a")", R"("", "a")"})
    EXPECT_TRUE(namesTag(field, R"("a")")) << field;
  for (const char* field :
       {"", R"("b")", "a", R"("a)", R"(w/"a")", R"("A")", R"("ba")", R"("b" a "a)", "**", ","})
    EXPECT_FALSE(namesTag(field, R"("a")")) << field;
}

// RFC 9110 section 8.6
TEST(WriteHead, NotModified_HasNeitherTypeNorLength) {
  Response response;
  response.status = 304;
  response.headers.emplace_back("ETag", R"("a")");
  std::string out;
  writeAnswer(response, {.requestId = "id"}, out);
  EXPECT_THAT(out, HasSubstr("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(out, HasSubstr("ETag: \"a\"\r\n"));
  EXPECT_THAT(out, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(out, Not(HasSubstr("Content-Type:")));
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace agw::api
