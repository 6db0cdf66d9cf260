#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;
using When = FakeProvider::When;

// A grant whose access token has ended.
class Refresh : public testing::Test {
 protected:
  void SetUp() override {
    rig.connect();
    first = rig.stored();
    rig.clock.advance(3600s);
  }
  std::string text(const TokenRequest& request = BrokerRig::wish()) {
    return BrokerRig::textOf(service->token(request));
  }
  // The token that is stored after the read.
  bool servesStored(const TokenRequest& request = BrokerRig::wish()) {
    const auto served = text(request);
    return served == rig.stored().access;
  }
  int refreshes() { return rig.provider->calls(Call::Refresh); }
  void expectInStep() { EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()}); }

  BrokerRig rig;
  FakeProvider::Pair first;
  std::unique_ptr<TokenService> service = rig.replica();
};

// E7, law 6
TEST_F(Refresh, AnswerWithoutRefreshToken_KeepsTheOldOne) {
  rig.provider->rules.rotates = false;
  EXPECT_TRUE(servesStored());
  EXPECT_NE(rig.stored().access, first.access);
  EXPECT_EQ(rig.stored().refresh, first.refresh);
  rig.clock.advance(3600s);
  EXPECT_EQ(rig.replica()->token(BrokerRig::wish()).ok(), true) << "also after a restart";
  EXPECT_EQ(rig.stored().refresh, first.refresh);
}
TEST_F(Refresh, AnswerWithRefreshToken_ReplacesIt) {
  EXPECT_TRUE(servesStored());
  EXPECT_NE(rig.stored().refresh, first.refresh);
  expectInStep();
}
// G10
TEST_F(Refresh, AnswerWithFewerScopes_IsRecordedAndSeen) {
  rig.provider->rules.grantedScopes = Scopes{"openid"};
  auto request = BrokerRig::wish();
  request.scopes = {"read"};
  EXPECT_EQ(text(request), "error missing_scopes");
  EXPECT_EQ(rig.row()->tokens.scopes, Scopes{"openid"});
  expectInStep();
}

// Law 7, E5: 14 ways to fail that are no word about the grant.
class RefreshFails : public Refresh, public testing::WithParamInterface<std::pair<ErrorKind, const char*>> {};
TEST_P(RefreshFails, GrantAndTokensStay) {
  rig.provider->failNext(Call::Refresh, {.kind = GetParam().first, .message = "CANARY-body"});
  EXPECT_EQ(text(), std::string("error ") + GetParam().second);
  EXPECT_EQ(rig.row()->status, GrantStatus::Active);
  EXPECT_EQ(rig.row()->failures, 1);
  EXPECT_EQ(rig.row()->lastError, GetParam().second);
  expectInStep();
  rig.clock.advance(300s);
  EXPECT_TRUE(servesStored());
  expectInStep();
}
INSTANTIATE_TEST_SUITE_P(Kinds, RefreshFails,
                         testing::Values(std::pair{ErrorKind::Transient, "provider_unavailable"},
                                         std::pair{ErrorKind::RateLimited, "provider_unavailable"},
                                         std::pair{ErrorKind::Denied, "provider_unavailable"},
                                         std::pair{ErrorKind::InvalidRequest, "provider_unavailable"},
                                         std::pair{ErrorKind::NotFound, "provider_unavailable"},
                                         std::pair{ErrorKind::Conflict, "provider_unavailable"},
                                         std::pair{ErrorKind::Forbidden, "provider_unavailable"},
                                         std::pair{ErrorKind::Integrity, "provider_unavailable"},
                                         std::pair{ErrorKind::Malformed, "provider_error"},
                                         std::pair{ErrorKind::Unsupported, "provider_error"},
                                         std::pair{ErrorKind::Bug, "provider_error"},
                                         std::pair{ErrorKind::BadClient, "provider_misconfigured"},
                                         std::pair{ErrorKind::BadOption, "provider_misconfigured"}));

TEST_F(Refresh, BackOff_IsRespectedByEveryReplicaAndSaysWhen) {
  rig.provider->failNext(Call::Refresh,
                         {.kind = ErrorKind::RateLimited, .message = "slow down", .retryAfter = 120s});
  EXPECT_EQ(service->token(BrokerRig::wish()).error().retryAfter, 120s);
  rig.clock.advance(100s);
  EXPECT_EQ(rig.replica("two")->token(BrokerRig::wish()).error().retryAfter, 20s);
  EXPECT_EQ(refreshes(), 1);
  rig.clock.advance(20s);
  EXPECT_TRUE(servesStored());
}
TEST_F(Refresh, ForcedUnderARefusedClient_ServesTheLivingTokenEachTime) {
  rig.connect();
  rig.clock.advance(60s);
  rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::BadClient, .message = "invalid_client"});
  for (int time = 0; time < 2; ++time) {
    const auto answer = service->token(BrokerRig::forced());
    ASSERT_TRUE(answer.ok()) << time;
    EXPECT_TRUE(answer->degraded) << time;
  }
}
TEST_F(Refresh, DeadGrant_IsLoggedWithTheProvidersWords) {
  rig.provider->failNext(Call::Refresh,
                         {.kind = ErrorKind::GrantDead, .message = "Sign in again.", .detail = "190.463"});
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_TRUE(std::ranges::any_of(rig.log.lines(), [](const auto& line) {
    return line.starts_with("grant_dead") && line.find("Sign in again. 190.463") != std::string::npos;
  }));
}
TEST_F(Refresh, BackOffAfterRefusedClient_StillNamesTheOperator) {
  rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::BadClient, .message = "invalid_client"});
  EXPECT_EQ(text(), "error provider_misconfigured");
  EXPECT_EQ(text(), "error provider_misconfigured");
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Refresh, EmptyAccessTokenInTheAnswer_IsNeverStored) {
  struct Empty final : Provider {
    explicit Empty(FakeProvider& inner) : inner_(inner) {}
    const ProviderConfig& config() const override { return inner_.config(); }
    const Capabilities& capabilities() const override { return inner_.capabilities(); }
    const std::string& displayName() const override { return inner_.displayName(); }
    std::vector<std::string> issuers() const override { return {}; }
    bool issuerRequired() const override { return false; }
    std::optional<std::chrono::seconds> accessTtlDefault() const override { return {}; }
    Result<std::string> authorizationUrl(const AuthorizationRequest&) override { return std::string(); }
    Result<TokenSet> exchange(const CodeExchange&) override { return TokenSet{}; }
    Result<TokenSet> refresh(const RefreshRequest&) override { return TokenSet{}; }
    Result<void> revoke(const RevokeRequest&) override { return {}; }
    Result<Identity> identify(const TokenSet&, const std::string&) override { return Identity{}; }
    Scopes normalizeScopes(const Scopes& scopes) const override { return scopes; }
    FakeProvider& inner_;
  };
  rig.directory.set(std::make_shared<Empty>(*rig.provider));
  EXPECT_EQ(text(), "error provider_error");
  EXPECT_EQ(rig.stored(), first);
}

TEST_F(Refresh, DeadGrant_NeedsConsentAndSaysSoOnce) {
  rig.provider->removeAccess("subject-alice");
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
  EXPECT_TRUE(rig.audited("grant_dead"));
}
TEST_F(Refresh, ConsentAfterDeath_RevivesTheSameRow) {
  rig.provider->removeAccess("subject-alice");
  EXPECT_EQ(text(), "error refresh_failed");
  const auto id = rig.row()->id;
  rig.connect();
  EXPECT_EQ(rig.row()->id, id);
  EXPECT_TRUE(servesStored());
  expectInStep();
}

// Renewal of the access token itself, where there is no refresh token.
TEST_F(Refresh, ExpiredAccessTokenAndNoRefreshToken_AsksNobody) {
  rig.provider->rules.givesRefreshToken = false;
  ASSERT_EQ(rig.consentAs({"https://issuer.test", "subject-bob", "bob@x.com", true}, "bob@x.com").status,
            FlowStatus::Completed);
  rig.clock.advance(3600s);
  EXPECT_EQ(text(BrokerRig::wish("bob@x.com")), "error refresh_failed");
  EXPECT_EQ(refreshes(), 0);
  EXPECT_EQ(rig.row("bob@x.com")->status, GrantStatus::NeedsConsent);
}

// G2: a request whose answer was lost leaves an open intent.
TEST_F(Refresh, AnswerLost_LeavesTheIntentOpen) {
  rig.provider->failNext(Call::Refresh, timedOut());
  EXPECT_EQ(text(), "error provider_unavailable");
  EXPECT_EQ(rig.row()->openIntents, 1);
}
TEST_F(Refresh, ProviderNeverReached_SettlesTheIntent) {
  rig.provider->failNext(Call::Refresh, notReached());
  EXPECT_EQ(text(), "error provider_unavailable");
  EXPECT_EQ(rig.row()->openIntents, 0);
}
// A provider that says that it is away has not spent the token: renewals behind answers go on after the
// outage.
TEST_F(Refresh, ProviderRefused_SettlesTheIntent) {
  rig.provider->failNext(Call::Refresh,
                         {.kind = ErrorKind::Transient, .message = "away", .facts = {{"sent", {"refused"}}}});
  EXPECT_EQ(text(), "error provider_unavailable");
  EXPECT_EQ(rig.row()->openIntents, 0);
}
TEST_F(Refresh, AnswerLostAfterRotation_WithGraceIsRecovered) {
  rig.provider->rules.grace = true;
  rig.provider->failNext(Call::Refresh, timedOut(), When::After);
  EXPECT_EQ(text(), "error provider_unavailable");
  rig.clock.advance(10s);
  EXPECT_TRUE(servesStored());
  EXPECT_EQ(rig.row()->openIntents, 0);
  expectInStep();
}
TEST_F(Refresh, AnswerLostAfterRotation_WithoutGraceNeedsConsentAndSaysWhy) {
  rig.provider->failNext(Call::Refresh, timedOut(), When::After);
  EXPECT_EQ(text(), "error provider_unavailable");
  rig.clock.advance(10s);
  const auto answer = service->token(BrokerRig::wish());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "refresh_failed");
  EXPECT_EQ(answer.error().facts.at("reason"), std::vector<std::string>{"refresh_interrupted"});
  EXPECT_EQ(rig.row()->lastError, "refresh_interrupted");
  EXPECT_EQ(refreshes(), 2) << "tried once, then never again";
  EXPECT_EQ(text(), "error refresh_failed");
  EXPECT_EQ(refreshes(), 2);
}
TEST_F(Refresh, OpenIntent_IsNotSettledByAnAnswerThatSaysNothingAboutIt) {
  rig.provider->failNext(Call::Refresh, timedOut());
  EXPECT_EQ(text(), "error provider_unavailable");
  rig.clock.advance(10s);
  rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::RateLimited, .message = "slow down"});
  EXPECT_EQ(text(), "error provider_unavailable");
  EXPECT_GT(rig.row()->openIntents, 0);
}

// Law 4: while an intent is open, a living token is used to its end before the refresh token is risked.
TEST_F(Refresh, OpenIntentAndLivingToken_IsNotRenewedBehind) {
  EXPECT_TRUE(servesStored());
  rig.clock.advance(3400s);
  ASSERT_TRUE(rig.memory->acquireLease(rig.row()->id, "crashed", 1ms).ok());
  rig.clock.advance(1s);
  const auto calls = refreshes();
  EXPECT_TRUE(servesStored());
  EXPECT_TRUE(service->drain(10s));
  EXPECT_EQ(refreshes(), calls);
  rig.clock.advance(199s);
  EXPECT_TRUE(servesStored());
  EXPECT_EQ(refreshes(), calls + 1);
  expectInStep();
}

// H4: a store that cannot be written is found out before the refresh token is spent.
TEST_F(Refresh, LeaseNotWritable_SpendsNothing) {
  rig.storage.failCall(2);
  EXPECT_EQ(text(), "error unavailable");
  EXPECT_EQ(refreshes(), 0);
  EXPECT_TRUE(servesStored());
}

// G6: the store is away between the answer and the write.
class StoreAway : public Refresh {
 protected:
  void SetUp() override {
    Refresh::SetUp();
    rig.provider->hold(Call::Refresh);
    std::thread reader([&] { served = text(); });
    rig.provider->awaitHeld(Call::Refresh);
    rig.storage.failAll();
    rig.provider->release(Call::Refresh);
    reader.join();
  }
  std::string served;
};
TEST_F(StoreAway, NewToken_IsServedAndTheOldRefreshTokenNeverSpentAgain) {
  EXPECT_EQ(served, rig.provider->livingPairs().front().access);
  EXPECT_EQ(rig.stored(), first);
  EXPECT_EQ(text(), "error unavailable");
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(StoreAway, StoreBack_TheRotatedPairIsStored) {
  rig.storage.failCall(0);
  EXPECT_TRUE(service->drain(10s));
  expectInStep();
  EXPECT_EQ(text(), served);
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(StoreAway, OrderlyEnd_StoresThePairWhenTheStoreIsBack) {
  rig.storage.failCall(0);
  service.reset();
  expectInStep();
}
TEST_F(StoreAway, RevokedMeanwhile_TheKeptPairIsRevokedToo) {
  ASSERT_TRUE(rig.memory->findGrant("fake", kAlice).ok());
  RevokeService elsewhere{{*rig.memory, rig.directory, rig.vault, rig.clock, rig.random, rig.log}};
  rig.storage.failAll();
  ASSERT_TRUE(elsewhere.revoke("fake", kAlice, "key", "r").ok());
  rig.storage.failCall(0);
  EXPECT_TRUE(service->drain(10s));
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(text(), "error not_authenticated");
}

// H4: the disk is full: reads work, writes do not.
TEST_F(Refresh, AnswerThatCannotBeWritten_IsServedFromMemoryUntilItCan) {
  class FullDisk final : public StorageDecorator {
   public:
    using StorageDecorator::StorageDecorator;
    Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override {
      if (full) return Error{.kind = ErrorKind::Transient, .message = "full"};
      return inner_.replaceTokens(id, seen, tokens);
    }
    std::atomic<bool> full{true};
  } disk(*rig.memory);
  service = rig.replica("one", &disk);
  const auto served = text();
  EXPECT_EQ(served, rig.provider->livingPairs().front().access);
  rig.clock.advance(60s);
  EXPECT_EQ(text(), served);
  EXPECT_EQ(text(BrokerRig::forced()), served);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(rig.stored(), first);
  EXPECT_FALSE(service->drain(0ms));
  disk.full = false;
  EXPECT_TRUE(service->drain(0ms));
  expectInStep();
  EXPECT_EQ(text(), served);
  service.reset();  // before its disk goes
}

// J1, J2: whatever fails, nothing secret reaches the log or a caller.
TEST_F(Refresh, NoSecretInLogOrErrors) {
  rig.provider->failNext(Call::Refresh, timedOut());
  const auto failed = service->token(BrokerRig::wish());
  EXPECT_EQ(failed.error().message.find("CANARY"), std::string::npos);
  rig.clock.advance(10s);
  EXPECT_TRUE(service->token(BrokerRig::wish()).ok());
  rig.provider->removeAccess("subject-alice");
  rig.clock.advance(3600s);
  EXPECT_FALSE(service->token(BrokerRig::wish()).ok());
  for (const auto& line : rig.log.lines()) {
    EXPECT_EQ(line.find("CANARY"), std::string::npos) << line;
    EXPECT_EQ(line.find(kAlice), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace agw::test
