#include <gtest/gtest.h>

#include <stdexcept>

#include "auth_gateway/provider.hpp"
#include "auth_gateway/testing/fixture.hpp"

namespace auth_gateway {
namespace {

using testing::Given;
using testing::ScriptedHost;

class ThrowsStandard final : public OAuthProvider {
  Dialect dialect(const Call&) const override { throw std::runtime_error("refresh-token-1"); }
};
class ThrowsForeign final : public OAuthProvider {
  Dialect dialect(const Call&) const override { throw 42; }
};
class FailsToBegin final : public OAuthProvider {
 public:
  FailsToBegin() { throw std::bad_alloc(); }

 private:
  Dialect dialect(const Call&) const override { return {}; }
};
class Plain final : public OAuthProvider {
  Dialect dialect(const Call&) const override {
    Dialect plain;
    plain.authorizationUrl = "https://id.example.com/authorize";
    plain.tokenUrl = "https://id.example.com/token";
    return plain;
  }
};

template <class P>
const agw_provider& provider() {
  return *detail::descriptor<P>("plain", "1.0.0", "Plain", AGW_CAN_PKCE);
}

template <class P>
ScriptedHost ran(std::uint32_t operation) {
  Given given;
  given.operation = operation;
  given.inputs["refresh_token"] = "refresh-token-1";
  ScriptedHost host(std::move(given));
  host.run(provider<P>());
  return host;
}

TEST(Barrier, ExceptionsOfAnyKind_EndAsABugAndTellNothing) {  // I6
  for (const auto& host :
       {ran<ThrowsStandard>(AGW_REFRESH), ran<ThrowsForeign>(AGW_REFRESH), ran<FailsToBegin>(AGW_REFRESH)}) {
    EXPECT_EQ(host.status, AGW_BUG);
    EXPECT_TRUE(host.errors.empty());
  }
}

TEST(Barrier, ProviderThatFailedToBegin_FailsEachTime) {
  EXPECT_EQ(ran<FailsToBegin>(AGW_DESCRIBE).status, AGW_BUG);
  EXPECT_EQ(ran<FailsToBegin>(AGW_DESCRIBE).status, AGW_BUG);
}

TEST(OAuthProvider, MissingAddress_IsTheOperatorsMistakeAndNamesTheOption) {
  class Empty final : public OAuthProvider {
    Dialect dialect(const Call&) const override { return {}; }
  };
  const auto host = ran<Empty>(AGW_REFRESH);
  EXPECT_EQ(host.status, AGW_BAD_OPTION);
  EXPECT_EQ(host.error("hint"), "Set token_url.");
  EXPECT_TRUE(host.requests.empty());
}

TEST(OAuthProvider, OperationsThatItLacks_AreUnsupported) {
  for (const std::uint32_t operation :
       {AGW_INSTALLATIONS, AGW_WEBHOOK, AGW_DEVICE, AGW_REVOKE, AGW_IDENTIFY}) {
    EXPECT_EQ(ran<Plain>(operation).status, AGW_UNSUPPORTED) << operation;
  }
}

TEST(Text, Scopes_AreSplitAtSpacesAndCommas) {
  EXPECT_EQ(splitScopes(" a,b  c, "), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(splitScopes("").empty());
  EXPECT_EQ(joinScopes({"a", "b"}, ","), "a,b");
}

TEST(Text, Lifetime_IsWholeSecondsUpToTenYears) {
  EXPECT_EQ(lifetime("316224000"), 316'224'000);
  for (const char* nonsense :
       {"316224001", "0", "-1", "+5", "", "1e3", "3.5", "99999999999999999999", " 5", "5 "}) {
    EXPECT_FALSE(lifetime(nonsense)) << nonsense;
  }
}

TEST(Text, JsonObject_EscapesWhatWouldEndAString) {
  EXPECT_EQ(jsonObject({{"a\"b", "c\\d\n\x01"}, {"e", ""}}), R"({"a\"b":"c\\d\u000a\u0001","e":""})");
}

TEST(Fixture, DifferenceInOneField_ShowsInTheTexts) {
  const std::string given =
      "call refresh\ninput refresh_token old\nanswer 200 {\"access_token\":\"new\"}\n---\n";
  const auto outcome = testing::runFixture(provider<Plain>(), given + "whatever\n");
  EXPECT_EQ(outcome.expected, "whatever\n");
  EXPECT_EQ(outcome.actual,
            "POST https://id.example.com/token\n"
            "  header Accept: application/json\n"
            "  form grant_type=refresh_token\n"
            "  form refresh_token=old\n"
            "  form client_id=client-id\n"
            "  form client_secret=client-secret\n"
            "TOKEN\n"
            "  access_token=new\n"
            "OK\n");
}

TEST(Fixture, LineThatNobodyKnows_FailsTheFixture) {
  const auto outcome = testing::runFixture(provider<Plain>(), "call refresh\nanswr 200 {}\n---\nOK\n");
  EXPECT_NE(outcome.expected, outcome.actual);
  EXPECT_EQ(outcome.actual, "answr 200 {}");
  const auto empty = testing::runFixture(provider<Plain>(), "");
  EXPECT_NE(empty.expected, empty.actual);
}

TEST(FlatJson, ReadsWhatProvidersSendAndRefusesWhatIsCut) {
  const testing::FlatJson json(R"( {"a":{"b/c":[1,{"d":"x\u00e9\n"}]},"n":null,"t":true} )");
  ASSERT_TRUE(json.valid());
  EXPECT_EQ(*json.at("/a/b~1c/1/d"), "x\xc3\xa9\n");
  EXPECT_EQ(*json.at("/a/b~1c/0"), "1");
  EXPECT_EQ(json.at("/n"), nullptr);
  EXPECT_EQ(*json.keys(""), "a\nn\nt");
  for (const char* cut :
       {"", "{", "{\"a\":1", "[1,]", "{\"a\"}", "tru", "{} x", "\"a", "{\"a\":\"\\u12\"}"}) {
    EXPECT_FALSE(testing::FlatJson(cut).valid()) << cut;
  }
}

}  // namespace
}  // namespace auth_gateway
