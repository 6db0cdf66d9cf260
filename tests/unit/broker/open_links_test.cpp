// C10: asking for a missing token again and again does not fill the store with flows.
#include "broker/open_links.hpp"

#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

class OpenLinkTest : public testing::Test {
 protected:
  BrokerRig rig;
  ConsentRequest request{"fake", kAlice, {}, {}, "r"};

  ConsentLink begin() { return *rig.consent.begin(request, rig.caller); }
  std::optional<ConsentLink> open() { return rig.consent.openLink(request, rig.caller); }
};

TEST_F(OpenLinkTest, SameQuestionOfTheSameKey_HasTheSameLinkAndItWorks) {
  EXPECT_FALSE(open());
  const auto made = begin();
  const auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->authUrl, made.authUrl);
  EXPECT_EQ(again->sessionId, made.sessionId);
  EXPECT_EQ(again->expiresAt, made.expiresAt);
  EXPECT_EQ(rig.consent.finish(rig.callback(*again)).status, FlowStatus::Completed);
}

TEST_F(OpenLinkTest, OtherKeyOwnerScopesOrTarget_HasNone) {
  begin();
  const Caller other{.keyId = "key-2", .name = "others", .permissions = Permissions::all()};
  EXPECT_FALSE(rig.consent.openLink(request, other));
  EXPECT_FALSE(rig.consent.openLink({"fake", "bob@x.com", {}, {}, "r"}, rig.caller));
  EXPECT_FALSE(rig.consent.openLink({"fake", kAlice, {"read"}, {}, "r"}, rig.caller));
  EXPECT_FALSE(rig.consent.openLink({"fake", kAlice, {}, "https://app.x.com/", "r"}, rig.caller));
}

TEST_F(OpenLinkTest, UsedLink_IsNotGivenAgain) {
  ASSERT_EQ(rig.consent.finish(rig.callback(begin(), mallory())).status, FlowStatus::Failed);
  EXPECT_FALSE(open());
}

TEST_F(OpenLinkTest, LinkThatSoonExpires_IsNotGivenAgain) {
  begin();
  rig.clock.advance(450s);
  EXPECT_TRUE(open());
  rig.clock.advance(1s);
  EXPECT_FALSE(open());
}

TEST_F(OpenLinkTest, ChangedProviderEntry_MakesTheLinkWorthless) {
  begin();
  rig.provider->configuration.fingerprint = "another";
  EXPECT_FALSE(open());
}

TEST_F(OpenLinkTest, StoreAway_GivesNone) {
  begin();
  rig.storage.failAll();
  EXPECT_FALSE(open());
}

TEST(OpenLinksTest, TooMany_AreForgottenExpiredOnesFirst) {
  OpenLinks links;
  const TimePoint start = fromMillis(1'700'000'000'000);
  const auto question = [](int number) {
    return LinkQuestion{.keyId = "key",
                        .provider = "fake",
                        .owner = std::to_string(number),
                        .scopes = {},
                        .redirectAfter = {},
                        .challenge = {}};
  };
  const auto link = [&](std::chrono::seconds life) {
    return OpenLink{Secret("url"), "session", start + life};
  };
  for (int number = 0; number < 9'999; ++number) links.keep(question(number), link(10s), start);
  links.keep(question(10'000), link(1'000s), start);
  links.keep(question(10'001), link(1'000s), start + 11s);
  EXPECT_TRUE(links.find(question(10'000), start + 11s, 1s)) << "only expired ones made room";
  for (int number = 0; number < 10'000; ++number)
    links.keep(question(-1 - number), link(1'000s), start + 11s);
  EXPECT_FALSE(links.find(question(10'000), start + 11s, 1s));
}

}  // namespace
}  // namespace agw::test
