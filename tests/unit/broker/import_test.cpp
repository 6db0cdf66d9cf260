#include <gtest/gtest.h>

#include <thread>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Import : public testing::Test, public BrokerRig {
 protected:
  static std::string wordOf(const Result<Imported>& outcome) {
    if (outcome) return "ok";
    const auto& facts = outcome.error().facts;
    const auto reason = facts.find("reason");
    return outcome.error().code + (reason == facts.end() ? "" : " " + reason->second.front());
  }
  /// A grant of alice that the provider does not accept any more.
  void connectAndKill() {
    connect();
    provider->removeAccess("subject-alice");
    clock.advance(1h);
    ASSERT_EQ(textOf(replica()->token(wish())), "error refresh_failed");
  }
  std::size_t livingFamilies() const { return provider->livingPairs().size(); }
};

TEST_F(Import, LivingToken_IsServedFromThenOn) {
  const auto imported = importToken(keptElsewhere());
  ASSERT_EQ(wordOf(imported), "ok");
  EXPECT_EQ(imported->expiresAt, clock.now() + 1h);
  EXPECT_EQ(textOf(replica()->token(wish())), stored().access);
  EXPECT_EQ(row()->subject, "subject-alice");
  EXPECT_TRUE(audited("import_started"));
  EXPECT_TRUE(audited("grant_imported"));
}

TEST_F(Import, RotatedToken_IsStoredAsTheSuccessor) {
  const auto offered = keptElsewhere();
  ASSERT_EQ(wordOf(importToken(offered)), "ok");
  EXPECT_NE(stored().refresh, offered);
  EXPECT_EQ(stored(), provider->livingPairs().front());
}

TEST_F(Import, TokenThatIsNotRotated_IsStoredItself) {
  provider->rules.rotates = false;
  const auto offered = keptElsewhere();
  ASSERT_EQ(wordOf(importToken(offered)), "ok");
  EXPECT_EQ(stored().refresh, offered);
}

TEST_F(Import, ImportedGrant_IsRenewedLikeAnyOther) {
  ASSERT_EQ(wordOf(importToken(keptElsewhere())), "ok");
  clock.advance(1h);
  const auto served = textOf(replica()->token(wish()));
  EXPECT_EQ(served, provider->livingPairs().front().access);
}

TEST_F(Import, Scopes_AreTheProvidersElseTheRequestsElseUnknown) {
  ImportRequest request{.provider = "fake",
                        .profile = kAlice,
                        .refreshToken = Secret(keptElsewhere()),
                        .scopes = {"claimed"},
                        .requestId = "r"};
  EXPECT_EQ(imports.accept(request, caller)->scopes, Scopes{"claimed"});
  ASSERT_TRUE(revoke.revoke("fake", kAlice, "key", "r").ok());
  EXPECT_EQ(importToken(keptElsewhere())->scopes, Scopes{});
  ASSERT_TRUE(revoke.revoke("fake", kAlice, "key", "r").ok());
  provider->rules.grantedScopes = Scopes{"granted"};
  request.refreshToken = Secret(keptElsewhere());
  EXPECT_EQ(imports.accept(request, caller)->scopes, Scopes{"granted"});
}

TEST_F(Import, EndedToken_IsRefusedAndNothingIsStored) {
  const auto offered = keptElsewhere();
  provider->removeAccess("subject-alice");
  EXPECT_EQ(wordOf(importToken(offered)), "refresh_failed refresh_failed");
  EXPECT_FALSE(row());
}

TEST_F(Import, AnothersToken_IsRefusedAndStaysUsable) {
  provider->rules.rotates = false;
  const auto offered = keptElsewhere(mallory());
  EXPECT_EQ(wordOf(importToken(offered)), "conflict identity_mismatch");
  EXPECT_FALSE(row());
  EXPECT_TRUE(provider->lives(offered)) << "the server that kept it still works with it";
  EXPECT_EQ(wordOf(importToken(offered, "mallory@x.com")), "ok");
}

TEST_F(Import, AnothersTokenThatWasRotated_IsRevoked) {
  EXPECT_EQ(wordOf(importToken(keptElsewhere(mallory()))), "conflict identity_mismatch");
  EXPECT_FALSE(row());
  EXPECT_EQ(livingFamilies(), 0U);
  EXPECT_EQ(queuedRevocations(), 0U);
}

TEST_F(Import, AccountThatTheEntryDoesNotLetIn_IsRefusedAndNotTriedAgain) {
  provider->failNext(Call::Identify, {.kind = ErrorKind::Denied, .message = "Only accounts of corp.com."});
  EXPECT_EQ(wordOf(importToken(keptElsewhere())), "conflict identity_mismatch");
  EXPECT_FALSE(row());
  EXPECT_EQ(livingFamilies(), 0U);
  imports.settle();
  EXPECT_EQ(provider->calls(Call::Identify), 1);
}

TEST_F(Import, AnothersTokenWhoseRevocationWouldEndAStoredGrant_IsOnlyForgotten) {
  provider->abilities.revokesAccount = true;
  ASSERT_EQ(consentAs(mallory(), "mallory@x.com").status, FlowStatus::Completed);
  EXPECT_EQ(wordOf(importToken(keptElsewhere(mallory()))), "conflict identity_mismatch");
  EXPECT_TRUE(provider->lives(stored("mallory@x.com").refresh));
}

TEST_F(Import, UnverifiedAddress_IsNoProof) {
  auto who = alice();
  who.emailVerified = false;
  EXPECT_EQ(wordOf(importToken(keptElsewhere(who))), "conflict identity_mismatch");
  EXPECT_FALSE(row());
}

TEST_F(Import, LivingGrant_StaysAndNothingIsSpent) {
  connect();
  const auto before = stored();
  const auto offered = keptElsewhere();
  EXPECT_EQ(wordOf(importToken(offered)), "conflict");
  EXPECT_EQ(stored(), before);
  EXPECT_EQ(provider->calls(Call::Refresh), 0);
}

TEST_F(Import, GrantConsentedToMeanwhile_StaysAndLives) {
  provider->abilities.revokesAccount = true;
  const auto offered = keptElsewhere();
  provider->hold(Call::Refresh);
  Result<Imported> outcome = Error{};
  std::thread importer([&] { outcome = importToken(offered); });
  provider->awaitHeld(Call::Refresh);
  connect();
  const auto consented = stored();
  provider->release(Call::Refresh);
  importer.join();
  EXPECT_EQ(wordOf(outcome), "conflict");
  EXPECT_EQ(stored(), consented);
  EXPECT_TRUE(provider->lives(consented.refresh));
}

TEST_F(Import, DeadGrantOfTheSameAccount_IsRevived) {
  connectAndKill();
  ASSERT_EQ(wordOf(importToken(keptElsewhere())), "ok");
  EXPECT_EQ(row()->status, GrantStatus::Active);
  EXPECT_EQ(textOf(replica()->token(wish())), stored().access);
}

TEST_F(Import, DeadGrantOfAnotherAccount_Stays) {
  connectAndKill();
  const auto before = stored();
  auto newcomer = alice();
  newcomer.subject = "subject-newcomer";  // the address changed hands
  EXPECT_EQ(wordOf(importToken(keptElsewhere(newcomer))), "conflict identity_mismatch");
  EXPECT_EQ(stored(), before);
  EXPECT_EQ(row()->status, GrantStatus::NeedsConsent);
}

TEST_F(Import, UnderConfirm_IsRefusedBeforeAnythingIsSpent) {
  provider->configuration.identity = IdentityPolicy::Confirm;
  EXPECT_EQ(wordOf(importToken(keptElsewhere())), "invalid_request");
  EXPECT_EQ(provider->calls(Call::Refresh), 0);
}

TEST_F(Import, UnderNone_IsStoredAndTheAuditSaysThatNobodyChecked) {
  provider->configuration.identity = IdentityPolicy::None;
  ASSERT_EQ(wordOf(importToken(keptElsewhere(mallory()))), "ok");
  EXPECT_EQ(provider->calls(Call::Identify), 0);
  EXPECT_NE(memory->listAudit(1)->front().note.find("not checked"), std::string::npos);
}

TEST_F(Import, ProviderWithoutRefresh_IsRefused) {
  const auto offered = keptElsewhere();
  provider->abilities.refresh = false;
  EXPECT_EQ(wordOf(importToken(offered)), "invalid_request");
}

TEST_F(Import, StoreThatTakesNothing_SpendsNothing) {
  const auto offered = keptElsewhere();
  for (int call = 1; call <= 2; ++call) {  // the look, the audit line
    storage.failCall(call);
    EXPECT_EQ(wordOf(importToken(offered)), "unavailable");
  }
  EXPECT_EQ(provider->calls(Call::Refresh), 0);
}

TEST_F(Import, SuccessorWhileTheStoreIsAway_IsKeptAndStoredLater) {
  const auto offered = keptElsewhere();
  storage.failFrom(3);
  EXPECT_EQ(wordOf(importToken(offered)), "unavailable");
  EXPECT_FALSE(row());
  storage.failCall(0);
  imports.settle();
  EXPECT_EQ(stored(), provider->livingPairs().front());
}

TEST_F(Import, RepeatedWhileItsSuccessorIsKept_SpendsNothingMore) {
  const auto offered = keptElsewhere();
  provider->failNext(Call::Identify, timedOut());
  EXPECT_EQ(wordOf(importToken(offered)), "unavailable");
  EXPECT_FALSE(row()) << "nobody knows yet whose it is";
  EXPECT_EQ(wordOf(importToken(offered)), "ok");
  EXPECT_EQ(provider->calls(Call::Refresh), 1);
  EXPECT_EQ(stored(), provider->livingPairs().front());
}

TEST_F(Import, SuccessorOfNobodyForAnHour_IsRevoked) {
  provider->failAlways(Call::Identify, timedOut());
  (void)importToken(keptElsewhere());
  clock.advance(59min);
  imports.settle();
  EXPECT_EQ(livingFamilies(), 1U);
  clock.advance(1min);
  imports.settle();
  EXPECT_EQ(livingFamilies(), 0U);
  EXPECT_FALSE(row());
}

TEST_F(Import, TokenThatWasNotRotatedAndCannotBeIdentified_StaysTheOffers) {
  provider->rules.rotates = false;
  provider->failAlways(Call::Identify, timedOut());
  const auto offered = keptElsewhere();
  EXPECT_EQ(wordOf(importToken(offered)), "provider_unavailable");
  clock.advance(2h);
  imports.settle();
  EXPECT_TRUE(provider->lives(offered));
}

TEST_F(Import, KeptSuccessor_IsStoredAtTheEndOfTheProcess) {
  auto dying = std::make_unique<ImportService>(
      ImportService::Parts{storage, directory, vault, clock, random, log, revoke});
  const ImportRequest request{.provider = "fake",
                              .profile = kAlice,
                              .refreshToken = Secret(keptElsewhere()),
                              .scopes = {},
                              .requestId = "r"};
  storage.failFrom(3);
  EXPECT_FALSE(dying->accept(request, caller).ok());
  storage.failCall(0);
  dying.reset();
  EXPECT_EQ(stored(), provider->livingPairs().front());
}

TEST_F(Import, SameTokenByManyAtOnce_IsSpentOnce) {
  const auto offered = keptElsewhere();
  provider->hold(Call::Refresh);
  std::thread first([&] { EXPECT_EQ(wordOf(importToken(offered)), "ok"); });
  provider->awaitHeld(Call::Refresh);
  EXPECT_EQ(wordOf(importToken(offered)), "unavailable");
  provider->release(Call::Refresh);
  first.join();
  EXPECT_EQ(provider->calls(Call::Refresh), 1);
}

}  // namespace
}  // namespace agw::test
