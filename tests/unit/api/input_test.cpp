#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_body.hpp"
#include "api/redirect_target.hpp"

namespace agw::api {
namespace {

using testing::HasSubstr;

Request json(std::string body, std::string type = "application/json") {
  Request request;
  request.method = "POST";
  request.body = std::move(body);
  request.headers = {{"Content-Type", std::move(type)}};
  return request;
}

Error refusal(const Request& request) {
  const auto body = JsonBody::read(request, {"name", "count"});
  EXPECT_FALSE(body.ok()) << request.body.substr(0, 80);
  return body.ok() ? Error{} : body.error();
}

// Cut in the middle of a letter it would be no JSON.
TEST(JsonBody, LongUnknownName_IsShownInWholeLetters) {
  const std::string letters(63, 'a');
  const auto unknown = refusal(json("{\"" + letters + "\xc3\xa9\": 1}"));
  EXPECT_EQ(unknown.facts.at("field").front(), letters);
  const auto twice = refusal(json("{\"" + letters + "\xc3\xa9\": 1, \"" + letters + "\xc3\xa9\": 2}"));
  EXPECT_EQ(twice.facts.at("field").front(), letters);
}

// D5: each would be understood differently by some reader.
TEST(JsonBody, AmbiguousOrBrokenJson_IsRefused) {
  std::string deep = R"({"name":)";
  for (int level = 0; level < 40; ++level) deep += "[";
  for (int level = 0; level < 40; ++level) deep += "]";
  std::string many = R"({"name":[)";
  for (int index = 0; index < 10'001; ++index) many += "1,";
  const std::vector<std::string> bodies{R"({"name":"a","name":"b"})",
                                        R"({"name":"a","na\u006de":"b"})",
                                        R"({"name":{"x":1,"x":2}})",
                                        R"({"name":"a\u0000b"})",
                                        R"({"na\u0000me":"a"})",
                                        R"({"name":"a"} x)",
                                        R"({"name":"a"}{})",
                                        R"({"name":"a",})",
                                        R"({name:"a"})",
                                        R"({'name':'a'})",
                                        R"({"name":"a")",
                                        R"({"name":NaN})",
                                        R"({"name":01})",
                                        R"({"name":"a" /* b */})",
                                        "{\"name\":\"\xff\"}",
                                        "{\"name\":\"\xed\xa0\x80\"}",
                                        "{\"name\":\"a\nb\"}",
                                        "\xef\xbb\xbf{}",
                                        "[]",
                                        "null",
                                        "\"text\"",
                                        "",
                                        " ",
                                        deep + "}",
                                        many + "1]}"};
  for (const auto& body : bodies) {
    const auto error = refusal(json(body));
    EXPECT_EQ(error.kind, ErrorKind::InvalidRequest);
    EXPECT_FALSE(error.message.empty());
    EXPECT_FALSE(isMediaTypeFault(error));
  }
}

TEST(JsonBody, DuplicateName_IsNamed) {
  const auto error = refusal(json(R"({"name":"a","count":1,"name":"b"})"));
  EXPECT_THAT(error.message, HasSubstr("'name'"));
  EXPECT_THAT(error.facts.at("field"), testing::ElementsAre("name"));
}

// C16
TEST(JsonBody, UnknownField_IsNamedWithWhatIsAllowed) {
  const auto error = refusal(json(R"({"name":"a","is_admin":true})"));
  EXPECT_THAT(error.message, HasSubstr("'is_admin'"));
  EXPECT_THAT(error.facts.at("allowed"), testing::ElementsAre("name", "count"));
}

TEST(JsonBody, OtherMediaTypes_AreNotJson) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx", "",
                           "application/json; charset=latin1", "application/json; a=b"}) {
    EXPECT_TRUE(isMediaTypeFault(refusal(json("{}", type)))) << type;
  }
  for (const char* type :
       {"application/json", "Application/JSON; charset=UTF-8", "application/json ; charset=\"utf-8\""}) {
    EXPECT_TRUE(isJsonMediaType(type)) << type;
  }
}

TEST(JsonBody, WrongTypes_NameTheField) {
  const auto body = *JsonBody::read(json(R"({"name":1,"count":"2"})"), {"name", "count"});
  EXPECT_THAT(body.text("name").error().facts.at("field"), testing::ElementsAre("name"));
  EXPECT_THAT(body.optionalInteger("count", 0, 9).error().message, HasSubstr("'count'"));
  EXPECT_FALSE(body.flag("name").ok());
  EXPECT_FALSE(body.optionalTexts("name").ok());
  EXPECT_FALSE(body.text("missing").ok());
}

TEST(JsonBody, NumbersOutOfRange_AreRefusedAndNotRounded) {
  for (const char* number :
       {"-1", "10", "1.5", "1e3", "1e999999", "99999999999999999999", "true", "null", "\"1\""}) {
    const auto body = JsonBody::read(json(std::string(R"({"count":)") + number + "}"), {"count"});
    if (!body) continue;  // not a number that JSON readers can hold
    EXPECT_FALSE(body->optionalInteger("count", 0, 9).ok()) << number;
  }
  EXPECT_EQ(**JsonBody::read(json(R"({"count":9})"), {"count"})->optionalInteger("count", 0, 9), 9);
}

TEST(JsonBody, TextsWithEscapes_AreDecoded) {
  const auto body = *JsonBody::read(json(R"({"name":"\u00e4\u20ac"})"), {"name"});
  EXPECT_EQ(*body.text("name"), "\xc3\xa4\xe2\x82\xac");
}

// B1: none of these may be redirected to.
TEST(RedirectTarget, HostileSpellings_AreRefused) {
  const std::vector<std::string> allowed{"https://good.example/app"};
  const std::vector<std::string> hostile{"",
                                         "//evil.example",
                                         "https:evil.example",
                                         "https:/good.example/app",
                                         "https:///good.example/app",
                                         "https://good.example@evil.example/app",
                                         "https://good.example:pw@evil.example/app",
                                         "https://good.example.evil.example/app",
                                         "https://evilgood.example/app",
                                         "https://good.example:444/app",
                                         "https://good.example:443x/app",
                                         "https://good.example:/app",
                                         "https://good.example/",
                                         "https://good.example",
                                         "https://good.example/application",
                                         "https://good.example/other",
                                         "https://good.example/app/../other",
                                         "https://good.example/app/%2e%2e/other",
                                         "https://good.example/app/%252e%252e/other",
                                         "https://good.example/app//evil.example",
                                         "https://good.example/app\\evil",
                                         "https://good.example\\@evil.example/app",
                                         "https://good.example/app%0d%0aSet-Cookie:x",
                                         "https://good.example/app?x=%0d%0aSet-Cookie:x",
                                         "https://good.example/app\r\nSet-Cookie: x",
                                         "https://good.example/app\tx",
                                         "https://good.example/app x",
                                         "https://good.example/app#fragment",
                                         "https://good.example/app%",
                                         "https://good.example/app%zz",
                                         "https://good.example/app%00",
                                         "https://good.example/app%5cevil",
                                         "https://go\xc3\xb6"
                                         "d.example/app",
                                         "https://good\xe3\x80\x82"
                                         "example/app",
                                         "https://good.example./app",
                                         "https://%67ood.example/app",
                                         "https://[good.example]/app",
                                         "http://good.example/app",
                                         "http://localhost/app",
                                         "ftp://good.example/app",
                                         "javascript:alert(1)//https://good.example/app",
                                         "data:text/html,https://good.example/app",
                                         "/\\evil.example",
                                         "/app",
                                         " https://good.example/app",
                                         "https://good.example/" + std::string(3'000, 'a')};
  ASSERT_GE(hostile.size(), 40U);
  for (const auto& target : hostile) EXPECT_FALSE(isAllowedRedirect(target, allowed, false)) << target;
}

TEST(RedirectTarget, AddressesAtOrBelowAnEntry_AreAllowed) {
  const std::vector<std::string> allowed{"https://good.example/app", "https://other.example:8443"};
  for (const char* target :
       {"https://good.example/app", "https://GOOD.example/app/", "https://good.example:443/app/x",
        "https://good.example/app?to=/a&b=%20c", "https://other.example:8443",
        "https://other.example:8443/anything", "https://other.example:8443?x=1"}) {
    EXPECT_TRUE(isAllowedRedirect(target, allowed, false)) << target;
  }
  EXPECT_FALSE(isAllowedRedirect("https://good.example/app", {}, false));
  EXPECT_FALSE(isAllowedRedirect("https://good.example/app", {"http://good.example/app"}, false));
}

TEST(RedirectTarget, Development_AllowsHttpToThisMachineOnly) {
  for (const char* target : {"http://localhost:3000/done", "http://127.0.0.1/x", "http://[::1]:8080/x"}) {
    EXPECT_TRUE(isAllowedRedirect(target, {}, true)) << target;
    EXPECT_FALSE(isAllowedRedirect(target, {}, false)) << target;
  }
  for (const char* target :
       {"http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://evil.example/",
        "http://127.0.0.1@evil.example/", "https://localhost/"}) {
    EXPECT_FALSE(isAllowedRedirect(target, {}, true)) << target;
  }
}

// B4
TEST(RedirectTarget, OnlyStatusAndSession_AreAdded) {
  EXPECT_EQ(redirectWith("https://good.example/app", "completed", {"session_id", "id"}),
            "https://good.example/app?status=completed&session_id=id");
  EXPECT_EQ(redirectWith("https://good.example/app?x=1", "failed", {"session_id", "id"}),
            "https://good.example/app?x=1&status=failed&session_id=id");
}

}  // namespace
}  // namespace agw::api
