#include <gtest/gtest.h>

#include "support/install_rig.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::alice;
using test::FakeProvider;
using Kind = ProviderEventKind;

class ProviderEventsTest : public testing::Test, public test::InstallRig {
 protected:
  void apply(Kind kind, const std::string& kindOfToken = {}, const std::string& subject = {}) {
    ProviderEvent event;
    event.event = kind;
    if (subject.empty()) event.orgId = "org-1";
    event.subject = subject;
    event.kind = kindOfToken;
    EXPECT_TRUE(events.apply("fake", event, "r").ok());
  }
  int revocations() { return provider->calls(FakeProvider::Call::Revoke); }
};

TEST_F(ProviderEventsTest, Uninstalled_RefusesTokensAtOnceAndTellsNobody) {
  static_cast<void>(installed());
  apply(Kind::Uninstalled);
  EXPECT_EQ(told(token()), "error not_authenticated");
  EXPECT_EQ(storedGrants(), 0U);
  EXPECT_EQ(revocations(), 0);
  apply(Kind::Uninstalled);
  EXPECT_EQ(queuedRevocations(), 0U) << "once more has no effect";
}

TEST_F(ProviderEventsTest, Uninstalled_OfAnEarlierInstallation_LeavesTheLaterOne) {
  static_cast<void>(installed());
  ProviderEvent event;
  event.orgId = "org-1";
  event.installationId = "install-before";
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_TRUE(living());
  event.installationId.clear();
  event.at = clock.now() - 1min;
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_TRUE(living()) << "it happened before this consent";
  event.at = clock.now() + 1min;
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_FALSE(living());
}

TEST_F(ProviderEventsTest, Uninstalled_OneOfSeveralOfAConsent_LeavesTheOthersTheirToken) {
  reaches({organisation("org-1"), organisation("org-2")});
  static_cast<void>(installed());
  apply(Kind::Uninstalled);
  EXPECT_EQ(told(token()), "error not_authenticated");
  EXPECT_TRUE(token(ask("org-2")).ok());
}

TEST_F(ProviderEventsTest, TokensRevoked_OfOneKind_LeavesTheOthers) {
  provider->organisations.kinds = {"bot", "user"};
  static_cast<void>(installed());
  apply(Kind::TokensRevoked, "bot");
  EXPECT_EQ(told(token(ask("org-1", "bot"))), "error not_authenticated");
  EXPECT_TRUE(token(ask("org-1", "user")).ok());
  EXPECT_TRUE(living());
  apply(Kind::TokensRevoked, "user");
  EXPECT_FALSE(living()) << "without a token there is no installation";
}

TEST_F(ProviderEventsTest, NewsOfTheOneBefore_LeavesWhatWasInstalledAnew) {
  static_cast<void>(installed());
  const auto before = *living();
  static_cast<void>(installed());
  EXPECT_TRUE(ender.endedAtProvider(before, "installation_gone", "r").ok());
  EXPECT_TRUE(living());
}

TEST_F(ProviderEventsTest, ConsentEnded_EndsAllOfTheAccount) {
  connect();
  static_cast<void>(installed());
  apply(Kind::ConsentEnded, {}, alice().subject);
  EXPECT_FALSE(row());
  EXPECT_FALSE(living());
  EXPECT_EQ(revocations(), 0);
}

TEST_F(ProviderEventsTest, ConsentEnded_BeforeALaterConsent_LeavesThat) {
  connect();
  ProviderEvent event;
  event.event = Kind::ConsentEnded;
  event.subject = alice().subject;
  event.at = clock.now() - 1s;
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_TRUE(row());
}

TEST_F(ProviderEventsTest, PermissionsChanged_AreWritten) {
  static_cast<void>(installed());
  ProviderEvent event;
  event.event = Kind::PermissionsChanged;
  event.installationId = "install-of-org-1";
  event.permissions = {{"issues", "write"}};
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_EQ(living()->permissions, *event.permissions);
}

TEST_F(ProviderEventsTest, StoreAway_AsksForTheEventAgain) {
  static_cast<void>(installed());
  storage.failAll();
  ProviderEvent event;
  event.orgId = "org-1";
  EXPECT_FALSE(events.apply("fake", event, "r").ok());
  storage.failCall(0);
  EXPECT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_FALSE(living());
}

TEST_F(ProviderEventsTest, Uninstall_ByUs_TellsTheProviderAndKeepsTheRow) {
  provider->organisations.kinds = {"bot", "user"};
  const auto id = installed().installations.front().id;
  const auto outcome = ender.uninstall(*living(), "key-1", "r");
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->atProvider);
  EXPECT_TRUE(provider->livingPairs().empty());
  EXPECT_EQ((*memory->findInstallation(id))->status, InstallationStatus::Revoked);
  EXPECT_EQ(provider->revocations().front().purpose, Purpose::Installation);
  EXPECT_EQ(provider->revocations().front().kind, "bot");
  EXPECT_EQ(ender.uninstall(**memory->findInstallation(id), "key-1", "r").error().kind, ErrorKind::Conflict);
  EXPECT_TRUE(audited("installation_revoked"));
}

TEST_F(ProviderEventsTest, Uninstall_OfAMintedOne_NamesItToTheProvider) {
  becomesMinted();
  static_cast<void>(installed());
  const auto before = provider->revocations().size();
  EXPECT_TRUE(ender.uninstall(*living(), "key-1", "r").ok());
  ASSERT_EQ(provider->revocations().size(), before + 1);
  EXPECT_EQ(provider->revocations().back().installationId, "install-of-org-1");
  EXPECT_EQ(provider->revocations().back().orgId, "org-1");
}

TEST_F(ProviderEventsTest, Uninstall_WhatOthersNeed_IsNotRevokedAtTheProvider) {
  reaches({organisation("org-1"), organisation("org-2")});
  static_cast<void>(installed());
  const auto outcome = ender.uninstall(*living(), "key-1", "r");
  EXPECT_FALSE(outcome->atProvider);
  EXPECT_EQ(provider->livingPairs().size(), 1U);
  EXPECT_TRUE(ender.uninstall(*living("org-2"), "key-1", "r")->atProvider);
  EXPECT_TRUE(provider->livingPairs().empty());
}

TEST_F(ProviderEventsTest, Uninstall_ProviderDown_StopsServingAndIsTriedLater) {
  static_cast<void>(installed());
  provider->failNext(FakeProvider::Call::Revoke, test::timedOut());
  EXPECT_FALSE(ender.uninstall(*living(), "key-1", "r")->atProvider);
  EXPECT_EQ(told(token()), "error not_authenticated");
  clock.advance(1h);
  ASSERT_TRUE(revoke.retryPending().ok());
  EXPECT_TRUE(provider->livingPairs().empty());
}

}  // namespace
}  // namespace agw
