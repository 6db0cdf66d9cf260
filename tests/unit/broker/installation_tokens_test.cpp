#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>

#include "support/install_rig.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::FakeProvider;
using Call = FakeProvider::Call;

class OrganisationTokens : public testing::Test, public test::InstallRig {
 protected:
  static Caller callerFor(std::vector<std::string> owners) {
    return {
        .keyId = "key-2", .name = "narrow", .permissions = {{Operation::Token}, {"*"}, std::move(owners)}};
  }
  void declare(bool preferStored = false, const std::string& token = "CANARY-static") {
    DeclaredInstallation declared;
    declared.provider = "fake";
    declared.org = "org-1";
    declared.staticToken = Secret(token);
    declared.preferStored = preferStored;
    directory.declared = {declared};
  }
  /// What a reader is told during whose mint something happens.
  std::string toldOfMintedWhile(const std::function<void()>& happens) {
    becomesMinted();
    static_cast<void>(installed());
    provider->hold(Call::Mint);
    std::string answer;
    std::thread asking([&] { answer = told(token()); });
    provider->awaitHeld(Call::Mint);
    happens();
    provider->release(Call::Mint);
    asking.join();
    return answer;
  }
};

TEST_F(OrganisationTokens, Grant_NearItsEnd_IsRenewedAsTheInstallations) {
  static_cast<void>(installed());
  const auto first = told(token());
  clock.advance(1h);
  EXPECT_NE(told(token()), first);
  EXPECT_EQ(provider->calls(Call::Refresh), 1);
}

TEST_F(OrganisationTokens, Address_ByEitherId_IsTheSame) {
  const auto id = installed().installations.front().id;
  auto byOwn = ask("");
  byOwn.address.installationId = id;
  auto byProviders = ask("");
  byProviders.address.installationId = "install-of-org-1";
  EXPECT_EQ(told(token(byOwn)), told(token()));
  EXPECT_EQ(told(token(byProviders)), told(token()));
  EXPECT_EQ(told(token(ask(""))), told(token())) << "the only one needs no name";
}

TEST_F(OrganisationTokens, Address_OfNoneOrOfSeveral_SaysWhatToAdd) {
  EXPECT_EQ(told(token()), "error not_authenticated");
  reaches({organisation("org-1"), organisation("org-2")});
  static_cast<void>(installed());
  const auto answer = token(ask(""));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::InvalidRequest);
  EXPECT_THAT(answer.error().facts.at("org_id"), testing::UnorderedElementsAre("org-1", "org-2"));
  EXPECT_EQ(token(ask("org-1", "bot")).error().kind, ErrorKind::InvalidRequest) << "no such kind";
}

// C1
TEST_F(OrganisationTokens, Key_ForOthers_LearnsNothing) {
  static_cast<void>(installed());
  for (const auto& owners :
       std::vector<std::vector<std::string>>{{}, {"*@x.com"}, {"org:org-2"}, {"alice@x.com"}}) {
    const auto who = callerFor(owners);
    const auto there = organisationTokens.token(ask("org-1"), who);
    const auto absent = organisationTokens.token(ask("org-9"), who);
    EXPECT_EQ(there.error().code, "forbidden");
    EXPECT_EQ(there.error().message, absent.error().message);
    auto byId = ask("");
    byId.address.installationId = "install-of-org-1";
    EXPECT_EQ(organisationTokens.token(byId, who).error().code, "forbidden");
    byId.address.installationId = "install-of-nobody";
    EXPECT_EQ(organisationTokens.token(byId, who).error().code, "forbidden");
  }
  EXPECT_TRUE(organisationTokens.token(ask(), callerFor({"org:ORG-1"})).ok());
  EXPECT_TRUE(organisationTokens.token(ask(), callerFor({"org:*"})).ok());
  EXPECT_TRUE(organisationTokens.token(ask(""), callerFor({"org:org-1"})).ok());
}

TEST_F(OrganisationTokens, Minted_IsMadeOnceAndKeptUntilItsEnd) {
  becomesMinted();
  static_cast<void>(installed());
  const auto first = told(token());
  clock.advance(58min);
  EXPECT_EQ(told(token()), first);
  EXPECT_EQ(provider->calls(Call::Mint), 1);
  clock.advance(2min);
  EXPECT_NE(told(token()), first);
  EXPECT_EQ(provider->lastMint().installationId, "install-of-org-1");
}

// G1
TEST_F(OrganisationTokens, Minted_ManyAskAtOnce_OneIsMade) {
  becomesMinted();
  static_cast<void>(installed());
  provider->hold(Call::Mint);
  std::vector<std::thread> threads;
  std::array<std::string, 8> answers;
  for (auto& answer : answers) threads.emplace_back([&] { answer = told(token()); });
  provider->awaitHeld(Call::Mint);
  provider->release(Call::Mint);
  for (auto& thread : threads) thread.join();
  for (const auto& answer : answers) EXPECT_EQ(answer, answers.front());
  EXPECT_EQ(provider->calls(Call::Mint), 1);
}

TEST_F(OrganisationTokens, Minted_NarrowedTokens_AreKeptApart) {
  becomesMinted();
  static_cast<void>(installed());
  auto narrow = ask();
  narrow.repositories = {"b", "a"};
  narrow.permissions = {{"contents", "read"}};
  const auto narrowed = told(token(narrow));
  EXPECT_EQ(provider->lastMint().repositories.size(), 2U);
  EXPECT_NE(narrowed, told(token()));
  narrow.repositories = {"a", "b"};
  EXPECT_EQ(told(token(narrow)), narrowed) << "the order says nothing";
  provider->failNext(Call::Mint, {.kind = ErrorKind::BadOption, .message = "no such repository"});
  narrow.repositories = {"c"};
  EXPECT_EQ(token(narrow).error().kind, ErrorKind::InvalidRequest);
}

TEST_F(OrganisationTokens, Narrowing_WhatWasStored_IsRefused) {
  static_cast<void>(installed());
  auto narrow = ask();
  narrow.repositories = {"a"};
  EXPECT_EQ(token(narrow).error().kind, ErrorKind::InvalidRequest);
}

TEST_F(OrganisationTokens, Minted_ProviderDown_PausesAndServesWhatLives) {
  becomesMinted();
  static_cast<void>(installed());
  const auto first = told(token());
  provider->failAlways(Call::Mint, test::timedOut());
  clock.advance(31s);
  auto forced = ask();
  forced.forceRefresh = true;
  const auto kept = token(forced);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(told(kept), first);
  EXPECT_TRUE(kept->token.degraded);
  clock.advance(1h);
  EXPECT_EQ(told(token()), "error provider_unavailable");
  EXPECT_EQ(told(token()), "error provider_unavailable");
  EXPECT_EQ(provider->calls(Call::Mint), 3) << "not asked again within the pause";
}

TEST_F(OrganisationTokens, Minted_GoneAtTheProvider_EndsTheInstallation) {
  becomesMinted();
  static_cast<void>(installed());
  provider->failNext(Call::Mint, test::deadGrant());
  EXPECT_EQ(told(token()), "error not_authenticated");
  EXPECT_FALSE(living());
}

TEST_F(OrganisationTokens, Minted_UnknownErrorWord_EndsNothing) {
  becomesMinted();
  static_cast<void>(installed());
  provider->failNext(Call::Mint, test::timedOut());
  EXPECT_EQ(told(token()), "error provider_unavailable");
  EXPECT_TRUE(living());
}

// G5
TEST_F(OrganisationTokens, Minted_UninstalledMeanwhile_IsNotHandedOut) {
  EXPECT_EQ(toldOfMintedWhile([&] { EXPECT_TRUE(ender.uninstall(*living(), "key-1", "r").ok()); }),
            "error not_authenticated");
}

TEST_F(OrganisationTokens, Minted_StoreAwayMeanwhile_IsTheStoresFault) {
  EXPECT_EQ(toldOfMintedWhile([&] { storage.failAll(); }), "error unavailable");
}

TEST_F(OrganisationTokens, Minted_ChangedMeanwhile_IsMadeAnewAndNotRefused) {
  ProviderEvent event;
  event.event = ProviderEventKind::PermissionsChanged;
  event.orgId = "org-1";
  event.permissions = {{"issues", "write"}};
  const auto answer = toldOfMintedWhile([&] { EXPECT_TRUE(events.apply("fake", event, "r").ok()); });
  EXPECT_EQ(answer, told(token()));
  EXPECT_EQ(provider->calls(Call::Mint), 2);
}

TEST_F(OrganisationTokens, Suspended_IsRefusedUntilTheOrganisationEndsThat) {
  becomesMinted();
  static_cast<void>(installed());
  ASSERT_TRUE(token().ok());
  ProviderEvent event;
  event.event = ProviderEventKind::Suspended;
  event.orgId = "org-1";
  ASSERT_TRUE(events.apply("fake", event, "r").ok());
  const auto refused = token();
  EXPECT_EQ(told(refused), "error not_authenticated");
  EXPECT_EQ(refused.error().facts.at("status").front(), "suspended");
  event.event = ProviderEventKind::Unsuspended;
  ASSERT_TRUE(events.apply("fake", event, "r").ok());
  EXPECT_TRUE(token().ok());
}

TEST_F(OrganisationTokens, Declared_ServesWithoutConsentAndGoesFirst) {
  declare();
  EXPECT_EQ(told(token()), "CANARY-static");
  static_cast<void>(installed());
  EXPECT_EQ(told(token()), "CANARY-static");
  declare(true);
  EXPECT_EQ(told(token()), provider->livingPairs().front().access) << "the file says that a stored one wins";
}

TEST_F(OrganisationTokens, Declared_WithAnInstallationId_IsMinted) {
  becomesMinted();
  declare(false, "");
  directory.declared.front().installationId = "12";
  EXPECT_TRUE(token().ok());
  EXPECT_EQ(provider->lastMint().installationId, "12");
}

TEST_F(OrganisationTokens, Declared_StaticToken_NeedsNoStore) {
  declare();
  storage.failAll();
  EXPECT_EQ(told(token()), "CANARY-static");
}

TEST_F(OrganisationTokens, Declared_ReferringToWhatIsNotSet_IsNotConfigured) {
  declare();
  directory.declared.front().missing = {"BOT_TOKEN"};
  EXPECT_EQ(told(token()), "error provider_not_configured");
}

TEST_F(OrganisationTokens, List_ShowsDeclaredFirstThenStoredInPages) {
  declare();
  reaches({organisation("org-2"), organisation("org-3")});
  static_cast<void>(installed());
  std::vector<std::string> seen;
  InstallationQuery query;
  query.limit = 1;
  do {
    const auto page = installations.list(query, caller);
    ASSERT_TRUE(page.ok());
    for (const auto& known : page->installations)
      seen.push_back((known.declaration ? "declared " : "") + known.row.orgId);
    query.cursor = page->nextCursor;
  } while (!query.cursor.empty());
  EXPECT_EQ(seen.front(), "declared org-1");
  EXPECT_THAT(seen, testing::UnorderedElementsAre("declared org-1", "org-2", "org-3"));
  query.cursor = "made-up";
  EXPECT_EQ(installations.list(query, caller).error().kind, ErrorKind::InvalidRequest);
}

TEST_F(OrganisationTokens, List_OfANarrowKey_ShowsItsOrganisationsAlone) {
  reaches({organisation("org-1"), organisation("org-2")});
  static_cast<void>(installed());
  Caller narrow = callerFor({"org:org-2"});
  narrow.permissions.operations = {Operation::List};
  const auto page = installations.list({}, narrow);
  ASSERT_EQ(page->installations.size(), 1U);
  EXPECT_EQ(page->installations.front().row.orgId, "org-2");
}

}  // namespace
}  // namespace agw
