#include <gtest/gtest.h>

#include <thread>

#include "broker/places.hpp"
#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Read : public testing::Test {
 protected:
  Result<TokenAnswer> token(const TokenRequest& request = BrokerRig::wish()) {
    return service->token(request);
  }
  std::string text(const TokenRequest& request = BrokerRig::wish()) {
    return BrokerRig::textOf(token(request));
  }
  // The token that is stored after the read.
  bool servesStored(const TokenRequest& request = BrokerRig::wish()) {
    const auto served = text(request);
    return served == rig.stored().access;
  }
  int refreshes() { return rig.provider->calls(Call::Refresh); }
  void settle() { EXPECT_TRUE(service->drain(10s)); }

  BrokerRig rig;
  std::unique_ptr<TokenService> service = rig.replica();
};

TEST_F(Read, FreshToken_IsServedWithOneStorageCallAndNoProviderCall) {
  rig.connect();
  rig.storage.failCall(0);
  const auto answer = token();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(BrokerRig::textOf(answer), rig.stored().access);
  EXPECT_EQ(answer->expiresAt, rig.clock.now() + 3600s);
  EXPECT_EQ(answer->refreshAfter, rig.clock.now() + 3300s);
  EXPECT_FALSE(answer->degraded);
  EXPECT_EQ(rig.storage.calls(), 1);
  EXPECT_EQ(refreshes(), 0);
}

TEST_F(Read, FreshTokenAskedForAgain_IsServedWithoutAStorageCall) {
  rig.connect();
  EXPECT_TRUE(token().ok());
  rig.storage.failAll();
  const auto answer = token();
  EXPECT_EQ(BrokerRig::textOf(answer), rig.stored().access);
  EXPECT_EQ(answer->expiresAt, rig.clock.now() + 3600s);
  EXPECT_EQ(rig.storage.calls(), 0);
}
// Law 1: memory does not make a token live longer.
TEST_F(Read, CopyWhoseTokenEnds_IsNotServed) {
  rig.connect();
  EXPECT_TRUE(token().ok());
  rig.clock.advance(10s);
  auto request = BrokerRig::wish();
  request.minTtl = 3595s;
  const auto old = rig.stored();
  rig.clock.advance(20s);
  EXPECT_NE(text(request), old.access);
  EXPECT_EQ(refreshes(), 1);
}
// Law 8
TEST_F(Read, RevokedAfterARead_IsGoneAtOnce) {
  rig.connect();
  EXPECT_TRUE(token().ok());
  ASSERT_TRUE(rig.revoke.revoke("fake", kAlice, "key", "r").ok());
  EXPECT_EQ(text(), "error not_authenticated");
}
// The row knows better than a copy when the answer is no token: scopes that a new consent brought.
TEST_F(Read, ScopesThatACopyLacks_AreLookedForInTheRow) {
  class Deaf final : public StorageDecorator {
   public:
    using StorageDecorator::StorageDecorator;
    void listen(GrantListener&) override {}
    void unlisten(GrantListener&) override {}
  } deaf(rig.storage);
  auto behind = rig.replica("behind", &deaf);
  rig.provider->rules.grantedScopes = Scopes{"openid"};
  rig.connect();
  EXPECT_TRUE(behind->token(BrokerRig::wish()).ok());
  rig.provider->rules.grantedScopes = Scopes{"openid", "read"};
  rig.connect();
  auto request = BrokerRig::wish();
  request.scopes = {"read"};
  EXPECT_EQ(BrokerRig::textOf(behind->token(request)), rig.stored().access);
}

TEST_F(Read, NoGrant_IsNotAuthenticated) {
  EXPECT_EQ(text(), "error not_authenticated");
}

TEST_F(Read, ProviderThatTheFileDoesNotHave_IsUnknown) {
  rig.connect();
  rig.directory.remove("fake");
  EXPECT_EQ(text(), "error unknown_provider");
}

// Law 2
TEST_F(Read, ProviderNotConfiguredAnyMore_LivingTokenIsServed) {
  rig.connect();
  rig.directory.notConfigured("fake");
  EXPECT_TRUE(servesStored());
  rig.clock.advance(3400s);
  EXPECT_TRUE(token()->degraded);
}
TEST_F(Read, ProviderNotConfiguredAnyMore_ExpiredTokenIsNot) {
  rig.connect();
  rig.directory.notConfigured("fake");
  rig.clock.advance(3600s);
  EXPECT_EQ(text(), "error provider_not_configured");
}

// Law 1
TEST_F(Read, TokenShortOfTheAskedLife_IsRenewedBeforeTheAnswer) {
  rig.connect();
  const auto old = rig.stored();
  rig.clock.advance(3600s - 59s);
  EXPECT_NE(text(), old.access);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()});
}
TEST_F(Read, TokenWithExactlyTheAskedLife_IsServed) {
  rig.connect();
  auto request = BrokerRig::wish();
  request.minTtl = 1800s;
  rig.clock.advance(1800s);
  EXPECT_TRUE(servesStored(request));
  EXPECT_EQ(refreshes(), 0);
}
TEST_F(Read, MoreLifeAskedThanTheProviderGives_AFreshTokenIsTheBestThereIs) {
  rig.connect();
  auto request = BrokerRig::wish();
  request.minTtl = 7200s;
  EXPECT_TRUE(servesStored(request));
  rig.clock.advance(30s);
  EXPECT_TRUE(servesStored(request));
  EXPECT_TRUE(servesStored(request));
  EXPECT_EQ(refreshes(), 1);
}

// Law 2: the provider does not answer, and nobody waits for it.
TEST_F(Read, RenewalDue_IsAnsweredAtOnceAndRenewedBehind) {
  rig.connect();
  const auto old = rig.stored();
  rig.clock.advance(3400s);
  rig.provider->hold(Call::Refresh);
  EXPECT_EQ(text(), old.access);
  rig.provider->awaitHeld(Call::Refresh);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text(), old.access);
  rig.provider->release(Call::Refresh);
  settle();
  EXPECT_EQ(refreshes(), 1);
  EXPECT_TRUE(servesStored());
  EXPECT_NE(rig.stored(), old);
}
TEST_F(Read, ProviderDownAndTokenAlive_IsServedDegraded) {
  rig.connect();
  rig.clock.advance(3400s);
  rig.provider->failAlways(Call::Refresh, notReached());
  EXPECT_TRUE(token().ok());
  settle();
  const auto answer = token();
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->degraded);
  EXPECT_GT(answer->refreshAfter, rig.clock.now());
  settle();
  EXPECT_EQ(refreshes(), 1) << "the back-off holds";
}
TEST_F(Read, ProviderBackAfterTheBackOff_IsRenewedBehindAndNotDegradedAnyMore) {
  rig.connect();
  rig.clock.advance(3400s);
  rig.provider->failNext(Call::Refresh, notReached());
  EXPECT_TRUE(token().ok());
  settle();
  rig.clock.advance(3s);
  EXPECT_TRUE(token().ok());
  settle();
  EXPECT_FALSE(token()->degraded);
  EXPECT_EQ(rig.row()->failures, 0);
}

// Law 2: dead grants are served to the end of their access token, and no longer.
TEST_F(Read, DeadGrantWithLivingToken_IsServedDegradedUntilItsEnd) {
  rig.connect();
  rig.clock.advance(3400s);
  rig.provider->removeAccess("subject-alice");
  EXPECT_TRUE(token().ok());
  settle();
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
  EXPECT_TRUE(token()->degraded);
  EXPECT_EQ(text(BrokerRig::forced()), "error refresh_failed");
  rig.clock.advance(200s);
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_EQ(refreshes(), 1);
}

// G9
TEST_F(Read, TokenWithoutEnd_IsServedForEver) {
  rig.provider->rules.accessLife.reset();
  rig.provider->rules.ttlDefault.reset();
  rig.connect();
  rig.clock.advance(1000h);
  const auto answer = token();
  EXPECT_EQ(BrokerRig::textOf(answer), rig.stored().access);
  EXPECT_FALSE(answer->expiresAt);
  EXPECT_EQ(refreshes(), 0);
}
TEST_F(Read, AnswerWithoutLife_TakesTheProvidersDefault) {
  rig.provider->rules.accessLife.reset();
  rig.provider->rules.ttlDefault = 600s;
  rig.connect();
  EXPECT_EQ(token()->expiresAt, rig.clock.now() + 600s);
}
TEST_F(Read, NothingToRenewWith_NeedsConsentAtItsEndAndAsksNobody) {
  rig.provider->rules.givesRefreshToken = false;
  rig.provider->abilities.refresh = false;
  rig.connect();
  rig.clock.advance(3400s);
  EXPECT_FALSE(token()->degraded);
  rig.clock.advance(200s);
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_EQ(refreshes(), 0);
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
}
TEST_F(Read, NothingToRenewWith_ForcedReadGetsTheLivingToken) {
  rig.provider->rules.givesRefreshToken = false;
  rig.provider->abilities.refresh = false;
  rig.connect();
  rig.clock.advance(60s);
  EXPECT_TRUE(servesStored(BrokerRig::forced()));
}

// The provider renews others' tokens, but of this one there is no newer one.
TEST_F(Read, EndlessTokenThatIsNotRenewed_ForcedReadGetsItAndTheGrantLives) {
  rig.provider->rules.givesRefreshToken = false;
  rig.provider->rules.accessLife.reset();
  rig.provider->rules.ttlDefault.reset();
  rig.connect();
  rig.clock.advance(60s);
  EXPECT_TRUE(servesStored(BrokerRig::forced()));
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.row()->status, GrantStatus::Active);
  EXPECT_EQ(rig.row()->lastError, "");
}

// A provider that cannot renew an ended token wants a wider margin than the usual five minutes.
TEST_F(Read, ProviderWithAWiderMargin_IsRenewedThatMuchEarlier) {
  rig.provider->rules.renewBefore = 1000s;
  rig.connect();
  const auto issued = rig.clock.now();
  EXPECT_EQ(token()->refreshAfter, issued + 2600s);
  rig.clock.advance(2599s);
  EXPECT_TRUE(token().ok());
  settle();
  EXPECT_EQ(refreshes(), 0);
  rig.clock.advance(1s);
  EXPECT_TRUE(token().ok());
  settle();
  EXPECT_EQ(refreshes(), 1);
}

TEST_F(Read, ForcedWithinHalfAMinute_GetsTheCurrentToken) {
  rig.connect();
  rig.clock.advance(29s);
  EXPECT_TRUE(servesStored(BrokerRig::forced()));
  EXPECT_EQ(refreshes(), 0);
  rig.clock.advance(1s);
  EXPECT_TRUE(servesStored(BrokerRig::forced()));
  EXPECT_TRUE(servesStored(BrokerRig::forced()));
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Read, ForcedWhileTheProviderIsDown_GetsTheLivingTokenDegraded) {
  rig.connect();
  rig.clock.advance(60s);
  rig.provider->failAlways(Call::Refresh, notReached());
  for (int i = 0; i < 3; ++i) {
    const auto answer = token(BrokerRig::forced());
    EXPECT_EQ(BrokerRig::textOf(answer), rig.stored().access);
    EXPECT_TRUE(answer->degraded);
  }
  EXPECT_EQ(refreshes(), 1);
}

TEST_F(Read, ScopesThatTheGrantLacks_AreNamed) {
  rig.provider->rules.grantedScopes = Scopes{"openid", "https://provider.test/email"};
  rig.provider->rules.spellings = {{"email", "https://provider.test/email"}};
  rig.connect();
  auto request = BrokerRig::wish();
  request.scopes = {"email", "read"};
  const auto answer = token(request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "missing_scopes");
  EXPECT_EQ(answer.error().facts.at("missing"), Scopes{"read"});
  request.scopes = {"email"};
  EXPECT_TRUE(token(request).ok());
}

// F5: never another's token.
TEST_F(Read, CiphertextOfAnotherRow_IsAnIntegrityErrorAndAudited) {
  rig.connect();
  ASSERT_EQ(rig.consentAs({"https://issuer.test", "subject-bob", "bob@x.com", true}, "bob@x.com").status,
            FlowStatus::Completed);
  const auto bob = *rig.row("bob@x.com");
  SealedRow row{"oauth_credentials",
                rig.row()->id,
                "fake",
                kAlice,
                rig.row()->version,
                {{std::string(column::kAccessToken), bob.tokens.accessToken}}};
  ASSERT_TRUE(rig.memory->replaceSealed(row).ok());
  EXPECT_EQ(text(), "error integrity_error");
  EXPECT_TRUE(rig.audited("integrity_error"));
  EXPECT_EQ(text(BrokerRig::wish("bob@x.com")), rig.stored("bob@x.com").access);
}

TEST_F(Read, DatabaseAway_IsUnavailableAndAsksNoProvider) {
  rig.connect();
  rig.clock.advance(3600s);
  rig.storage.failAll();
  EXPECT_EQ(text(), "error unavailable");
  EXPECT_EQ(refreshes(), 0);
}

}  // namespace
}  // namespace agw::test
