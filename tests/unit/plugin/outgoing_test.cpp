#include "plugin/outgoing.hpp"

#include <gtest/gtest.h>

namespace agw {
namespace {

TEST(Outgoing, FormFields_BecomeAnEncodedBodyAndAPost) {
  Outgoing outgoing;
  ASSERT_TRUE(outgoing.url("https://id.example.com/token?a=1"));
  outgoing.formField("scope", "a b&c=d");
  outgoing.formField("x", "é");
  outgoing.query("q", "1 2");
  const auto request = outgoing.take(true);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://id.example.com/token?a=1&q=1%202");
  EXPECT_EQ(request.body.reveal(), "scope=a%20b%26c%3Dd&x=%C3%A9");
  EXPECT_TRUE(request.allowPrivate);
}

TEST(Outgoing, Take_LeavesNothingBehind) {
  Outgoing outgoing;
  ASSERT_TRUE(outgoing.url("https://id.example.com/") && outgoing.header("Accept", "*/*"));
  outgoing.formField("a", "b");
  outgoing.query("c", "d");
  static_cast<void>(outgoing.take(false));
  EXPECT_FALSE(outgoing.hasUrl());
  ASSERT_TRUE(outgoing.url("https://other.example/"));
  const auto second = outgoing.take(false);
  EXPECT_EQ(second.method, "GET");
  EXPECT_EQ(second.url, "https://other.example/");
  EXPECT_TRUE(second.headers.empty());
  EXPECT_TRUE(second.body.empty());
}

TEST(Outgoing, HeaderOfTheConnection_IsRefused) {
  Outgoing outgoing;
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "", "X Y", "X:", "X\n"}) {
    EXPECT_FALSE(outgoing.header(name, "1")) << name;
  }
}

TEST(Outgoing, LineBreaks_AreRefusedEverywhere) {
  Outgoing outgoing;
  EXPECT_FALSE(outgoing.header("X", "a\r\nb"));
  EXPECT_FALSE(outgoing.header("X", std::string_view("a\0b", 3)));
  EXPECT_FALSE(outgoing.url("https://a.example/\r\nX: y"));
  EXPECT_FALSE(outgoing.url("https://a.example/ x"));
  EXPECT_FALSE(outgoing.body("text/plain\r\nX: y", "b"));
  EXPECT_FALSE(outgoing.method("GET /"));
}

TEST(Outgoing, SameHeaderTwice_TheLastCounts) {
  Outgoing outgoing;
  ASSERT_TRUE(outgoing.header("Accept", "a") && outgoing.header("accept", "b"));
  const auto request = outgoing.take(false);
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers[0].second, "b");
}

}  // namespace
}  // namespace agw
