#include "plugin/answer.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "plugin/retry_after.hpp"

namespace agw {
namespace {

HttpResponse response(std::string body, std::string type = "application/json") {
  HttpResponse answer;
  answer.status = 200;
  answer.headers = {{"Content-Type", std::move(type)}};
  answer.body = Secret(std::move(body));
  return answer;
}

TEST(Answer, JsonPointer_FindsNestedValuesAndTakesNullForAbsent) {
  Answer answer(response(R"({"a":{"b/c":[10,{"d":"x"}]},"n":null})"));
  ASSERT_NE(answer.json("/a/b~1c/1/d"), nullptr);
  EXPECT_EQ(answer.json("/a/b~1c/1/d")->as_string(), "x");
  EXPECT_EQ(answer.json("/n"), nullptr);
  EXPECT_EQ(answer.json("/nothing"), nullptr);
  EXPECT_EQ(answer.json("no pointer"), nullptr);
  EXPECT_EQ(answer.json("/a/b~1c/x"), nullptr);
}

TEST(Answer, WhatIsNoJson_HasNoValues) {
  for (const char* body : {"", "<html>", "{\"a\":1", "{\"a\":1}x", "{\"a\":\"\xff\"}"}) {
    Answer answer(response(body));
    EXPECT_EQ(answer.json("/a"), nullptr) << body;
    EXPECT_EQ(answer.json(""), nullptr) << body;
  }
}

TEST(Answer, JsonDeeperThan32_IsRefused) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_NE(Answer(response(nested(32))).json(""), nullptr);
  EXPECT_EQ(Answer(response(nested(33))).json(""), nullptr);
  EXPECT_EQ(Answer(response(nested(200'000))).json(""), nullptr);
}

TEST(Answer, FormFields_AreDecodedAndTheFirstCounts) {
  Answer answer(
      response("a=1+2%26&a=3&broken=%zz&=x&flag", "application/x-www-form-urlencoded; charset=utf-8"));
  EXPECT_EQ(answer.form("a"), "1 2&");
  EXPECT_FALSE(answer.form("broken"));
  EXPECT_FALSE(answer.form("flag"));
}

TEST(Answer, HtmlIsNoForm) {
  Answer answer(response("access_token=x&b=<html>", "text/html"));
  EXPECT_FALSE(answer.form("access_token"));
}

TEST(RetryAfter, SecondsAndDates_AreBoundedToADay) {
  const auto now = fromMillis(1'700'000'000'000);  // Tue, 14 Nov 2023 22:13:20 GMT
  EXPECT_EQ(retryAfter("120", now).count(), 120);
  EXPECT_EQ(retryAfter("Tue, 14 Nov 2023 22:13:50 GMT", now).count(), 30);
  EXPECT_EQ(retryAfter("Tue, 14 Nov 2023 22:13:10 GMT", now).count(), 0);
  EXPECT_EQ(retryAfter("99999999", now).count(), 86'400);
  for (const char* nonsense : {"", "-5", "soon", "1.5", "99999999999999999999", "Tue, 99 Nov"}) {
    EXPECT_EQ(retryAfter(nonsense, now).count(), 0) << nonsense;
  }
}

}  // namespace
}  // namespace agw
