#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"
#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Begin : public testing::Test {
 protected:
  Result<ConsentLink> begin(ConsentRequest request) { return rig.consent.begin(request, rig.caller); }
  static ConsentRequest request() { return {"fake", kAlice, {}, {}, "r"}; }
  BrokerRig rig;
};

// A3, A4, A9
TEST_F(Begin, Link_CarriesStateChallengeNonceAndHint_AndOnlyTheirDigestsAreStored) {
  const auto link = begin(request());
  ASSERT_TRUE(link.ok());
  const auto state = FakeProvider::parameter(link->authUrl, "state");
  EXPECT_EQ(state.size(), 43U);
  EXPECT_EQ(FakeProvider::parameter(link->authUrl, "nonce"), base64UrlEncode(sha256("nonce:" + state)));
  EXPECT_EQ(FakeProvider::parameter(link->authUrl, "code_challenge").size(), 43U);
  EXPECT_EQ(FakeProvider::parameter(link->authUrl, "login_hint"), kAlice);
  EXPECT_EQ(FakeProvider::parameter(link->authUrl, "scope"), "openid email read");
  EXPECT_EQ(link->expiresAt, rig.clock.now() + 900s);
  const auto flow = **rig.memory->findFlow(link->sessionId);
  EXPECT_EQ(flow.stateHash, sha256Hex(state));
  EXPECT_EQ(flow.startedBy, "key-1");
  EXPECT_EQ(flow.configFingerprint, rig.provider->configuration.fingerprint);
  EXPECT_FALSE(flow.codeVerifier.empty());
}
TEST_F(Begin, EveryFlow_HasAStateAndVerifierOfItsOwn) {
  const auto one = begin(request());
  const auto two = begin(request());
  EXPECT_NE(FakeProvider::parameter(one->authUrl, "state"), FakeProvider::parameter(two->authUrl, "state"));
  EXPECT_NE(FakeProvider::parameter(one->authUrl, "code_challenge"),
            FakeProvider::parameter(two->authUrl, "code_challenge"));
}
TEST_F(Begin, ProviderWithoutPkce_GetsNoChallengeAndStoresNoVerifier) {
  rig.provider->abilities.pkce = Capabilities::Pkce::None;
  const auto link = begin(request());
  EXPECT_EQ(FakeProvider::parameter(link->authUrl, "code_challenge"), "");
  EXPECT_TRUE((*rig.memory->findFlow(link->sessionId))->codeVerifier.empty());
  EXPECT_EQ(rig.consent.finish(rig.callback(*link)).status, FlowStatus::Completed);
}
TEST_F(Begin, OwnScopes_ReplaceTheEntrys) {
  auto wish = request();
  wish.scopes = {"read"};
  EXPECT_EQ(FakeProvider::parameter(begin(wish)->authUrl, "scope"), "read");
}
TEST_F(Begin, ScopeThatIsNone_IsRefused) {
  for (const char* scope : {"", "a b", "a\"", "a\\", "a\n", "\xC3\xA4"}) {
    auto wish = request();
    wish.scopes = {scope};
    EXPECT_EQ(begin(wish).error().code, "invalid_scope") << scope;
  }
}
TEST_F(Begin, AddressThatIsNone_IsRefused) {
  auto wish = request();
  wish.profile = "Alice@X.com";  // not canonical
  EXPECT_EQ(begin(wish).error().code, "invalid_email");
}
TEST_F(Begin, ProviderUnknownOrNotConfigured_SaysWhich) {
  rig.directory.notConfigured("fake");
  EXPECT_EQ(begin(request()).error().code, "provider_not_configured");
  rig.directory.remove("fake");
  EXPECT_EQ(begin(request()).error().code, "unknown_provider");
}
TEST_F(Begin, MatchWithoutAnIdentityToCompare_IsRefusedBeforeAnybodyConsents) {
  rig.provider->abilities.identity = false;
  rig.provider->configuration.identity = IdentityPolicy::Match;
  EXPECT_EQ(begin(request()).error().code, "provider_misconfigured");
}
// F8
TEST_F(Begin, NoRandomNumbers_NoLink) {
  rig.random.broken = true;
  EXPECT_FALSE(begin(request()).ok());
}

class Finish : public testing::Test {
 protected:
  void expectNothingStored(const CallbackOutcome& outcome) {
    EXPECT_EQ(outcome.status, FlowStatus::Failed);
    EXPECT_NE(outcome.error.message, "");
    EXPECT_FALSE(rig.row());
    EXPECT_TRUE(rig.provider->livingPairs().empty());
    EXPECT_EQ(BrokerRig::textOf(rig.replica()->token(BrokerRig::wish())), "error not_authenticated");
  }
  void expectRefusedBeforeExchange(const CallbackOutcome& outcome) {
    EXPECT_EQ(outcome.status, FlowStatus::Failed);
    EXPECT_EQ(rig.provider->calls(Call::Exchange), 0);
  }
  BrokerRig rig;
};

TEST_F(Finish, RightAccount_IsStoredAndTokenServed) {
  const auto link = rig.begin();
  const auto outcome = rig.consent.finish(rig.callback(link));
  EXPECT_EQ(outcome.status, FlowStatus::Completed);
  EXPECT_EQ(outcome.sessionId, link.sessionId);
  EXPECT_EQ(outcome.provider, "Fake Provider");
  EXPECT_EQ(outcome.profile, "a***@x.com");
  EXPECT_EQ(outcome.account, "a***@x.com");
  EXPECT_EQ(rig.consent.status(link.sessionId)->status, FlowStatus::Completed);
  EXPECT_EQ(rig.row()->subject, "subject-alice");
  EXPECT_EQ(rig.row()->tokens.scopes, (Scopes{"openid", "email", "read"}));
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()});
  EXPECT_TRUE(rig.audited("consent_completed"));
}
TEST_F(Finish, ScopesGranted_AreRecordedAsTold) {
  rig.provider->rules.grantedScopes = Scopes{"openid"};
  rig.connect();
  EXPECT_EQ(rig.row()->tokens.scopes, Scopes{"openid"});
}

// A1: the link was forwarded and somebody else consented. Variants: the provider's own URL, or the finished
// callback, reach the gateway as the same call.
TEST_F(Finish, A1_VictimConsentsForTheAttacker_NothingIsStoredAndThePairIsRevoked) {
  const auto link = rig.begin("mallory@x.com");
  const auto outcome = rig.consent.finish(rig.callback(link, alice()));
  expectNothingStored(outcome);
  EXPECT_EQ(outcome.error.code, "identity_mismatch");
  EXPECT_EQ(rig.flowError(link.sessionId), "identity_mismatch");
  EXPECT_TRUE(rig.audited("flow_identity_mismatch"));
  EXPECT_EQ(rig.provider->families(), 1U);
  EXPECT_EQ(BrokerRig::textOf(rig.replica()->token(BrokerRig::wish("mallory@x.com"))),
            "error not_authenticated");
}
TEST_F(Finish, A1_FinishedCallbackForwardedAgain_ChangesNothing) {
  const auto link = rig.begin("mallory@x.com");
  const auto parameters = rig.callback(link, alice());
  expectNothingStored(rig.consent.finish(parameters));
  EXPECT_EQ(rig.consent.finish(parameters).error.code, "conflict");
  EXPECT_EQ(rig.provider->calls(Call::Exchange), 1);
}

// A2
class WrongIdentity : public Finish, public testing::WithParamInterface<Identity> {};
TEST_P(WrongIdentity, IsRefusedAndRevoked) {
  expectNothingStored(rig.consentAs(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Accounts, WrongIdentity,
                         testing::Values(mallory(),
                                         Identity{"https://issuer.test", "s", "alice@x.com", false},
                                         Identity{"https://issuer.test", "s", "", true},
                                         Identity{"https://issuer.test", "", "alice@x.com", true},
                                         Identity{"https://issuer.test", "s", "alice+tag@x.com", true},
                                         Identity{"https://issuer.test", "s", "alice@x.com.evil.test", true},
                                         Identity{"https://issuer.test", "s", "alice@xn--x-0ga.com", true},
                                         Identity{"https://issuer.test", "s", "\xD0\xB0lice@x.com", true}));
TEST_F(Finish, A2_SameAddressInCapitals_IsTheSamePerson) {
  auto who = alice();
  who.email = "ALICE@X.com";
  EXPECT_EQ(rig.consentAs(who).status, FlowStatus::Completed);
}
TEST_F(Finish, A2_SameAddressOfAnotherSubject_IsRefusedAndTheGrantStays) {
  rig.connect();
  const auto before = rig.stored();
  auto reused = alice();
  reused.subject = "subject-of-the-new-owner-of-the-address";
  EXPECT_EQ(rig.consentAs(reused).error.code, "identity_mismatch");
  EXPECT_EQ(rig.stored(), before);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{before});
}
TEST_F(Finish, IdentityCannotBeHad_NothingIsStoredAndThePairIsRevoked) {
  rig.provider->failNext(Call::Identify, timedOut());
  expectNothingStored(rig.consentAs(alice()));
}
TEST_F(Finish, PolicyNone_StoresWithoutAsking) {
  rig.provider->configuration.identity = IdentityPolicy::None;
  EXPECT_EQ(rig.consentAs(mallory()).status, FlowStatus::Completed);
  EXPECT_EQ(rig.provider->calls(Call::Identify), 0);
  EXPECT_EQ(rig.row()->subject, "");
}
// A11
TEST_F(Finish, IdTokenOfAnotherFlow_IsRefused) {
  const auto link = rig.begin();
  auto parameters = rig.callback(link);
  parameters.code = rig.provider->consent(rig.begin().authUrl, alice());
  expectNothingStored(rig.consent.finish(parameters));
}

// A3
TEST_F(Finish, A3_StateUsedByManyAtOnce_IsExchangedOnce) {
  const auto parameters = rig.callback(rig.begin());
  ConsentService second{{rig.storage, rig.directory, rig.vault, rig.clock, rig.random, rig.log, rig.revoke,
                         BrokerRig::settings("two")}};
  std::atomic<int> completed{0};
  std::vector<std::thread> browsers;
  for (int i = 0; i < 20; ++i) {
    browsers.emplace_back([&, i] {
      auto& service = i % 2 == 0 ? rig.consent : second;
      if (service.finish(parameters).status == FlowStatus::Completed) ++completed;
    });
  }
  for (auto& browser : browsers) browser.join();
  EXPECT_EQ(completed, 1);
  EXPECT_EQ(rig.provider->calls(Call::Exchange), 1);
}
TEST_F(Finish, A3_StateIsConsumedByAnErrorToo) {
  auto parameters = rig.callback(rig.begin());
  parameters.error = "access_denied";
  expectRefusedBeforeExchange(rig.consent.finish(parameters));
  parameters.error.reset();
  EXPECT_EQ(rig.consent.finish(parameters).error.code, "conflict");
  EXPECT_EQ(rig.provider->calls(Call::Exchange), 0);
}
TEST_F(Finish, A3_UnknownStates_AreRefused) {
  auto parameters = rig.callback(rig.begin());
  for (const std::optional<std::string>& state :
       {std::optional<std::string>(), std::optional<std::string>(""), std::optional(std::string(43, 'A')),
        std::optional(std::string(100'000, 'A')), std::optional(*parameters.state + "A")}) {
    parameters.state = state;
    const auto outcome = rig.consent.finish(parameters);
    expectRefusedBeforeExchange(outcome);
    EXPECT_EQ(outcome.sessionId, "");
  }
}
// A4, A8
TEST_F(Finish, A4_StateOfAnotherProvidersFlow_IsRefused) {
  auto parameters = rig.callback(rig.begin());
  parameters.provider = "other";
  expectRefusedBeforeExchange(rig.consent.finish(parameters));
}
TEST_F(Finish, A4_EntryChangedSince_IsRefused) {
  const auto parameters = rig.callback(rig.begin());
  rig.provider->configuration.fingerprint = "another client";
  const auto outcome = rig.consent.finish(parameters);
  expectRefusedBeforeExchange(outcome);
  EXPECT_EQ(outcome.error.code, "provider_not_configured");
}
// I12
TEST_F(Finish, EntryGoneSince_IsRefusedAndStoredGrantsStay) {
  rig.connect();
  const auto parameters = rig.callback(rig.begin());
  rig.directory.remove("fake");
  EXPECT_EQ(rig.consent.finish(parameters).error.code, "unknown_provider");
  EXPECT_TRUE(rig.row());
}
// A5
TEST_F(Finish, A5_LinkPastItsTime_IsRefused) {
  const auto link = rig.begin();
  const auto parameters = rig.callback(link);
  rig.clock.advance(900s);
  expectRefusedBeforeExchange(rig.consent.finish(parameters));
  EXPECT_EQ(rig.flowError(link.sessionId), "Session expired");
}
TEST_F(Finish, A5_LinkJustInTime_Works) {
  const auto parameters = rig.callback(rig.begin());
  rig.clock.advance(899s);
  EXPECT_EQ(rig.consent.finish(parameters).status, FlowStatus::Completed);
}

// A7: {announced, not} x {present, absent}, and spellings that are not the same.
TEST_F(Finish, A7_IssuerAsAnnounced_IsAccepted) {
  rig.provider->rules.issuers = {"https://issuer.test"};
  rig.provider->rules.issuerRequired = true;
  auto parameters = rig.callback(rig.begin());
  parameters.issuer = "https://issuer.test";
  EXPECT_EQ(rig.consent.finish(parameters).status, FlowStatus::Completed);
}
TEST_F(Finish, A7_PromisedIssuerAbsent_IsRefused) {
  rig.provider->rules.issuers = {"https://issuer.test"};
  rig.provider->rules.issuerRequired = true;
  expectRefusedBeforeExchange(rig.consent.finish(rig.callback(rig.begin())));
}
TEST_F(Finish, A7_IssuerNeitherPromisedNorPresent_IsAccepted) {
  rig.provider->rules.issuers = {"https://issuer.test"};
  EXPECT_EQ(rig.consent.finish(rig.callback(rig.begin())).status, FlowStatus::Completed);
}
class OtherIssuer : public Finish, public testing::WithParamInterface<std::pair<std::string, bool>> {};
TEST_P(OtherIssuer, A7_IsRefusedWithoutRepeatingAnything) {
  rig.provider->rules.issuers = {"https://issuer.test"};
  rig.provider->rules.issuerRequired = GetParam().second;
  auto parameters = rig.callback(rig.begin());
  parameters.issuer = GetParam().first;
  parameters.error = "CANARY-error";
  const auto outcome = rig.consent.finish(parameters);
  expectRefusedBeforeExchange(outcome);
  EXPECT_EQ(outcome.error.code, "invalid_request");
  EXPECT_EQ(outcome.error.message.find("CANARY"), std::string::npos);
  EXPECT_EQ(outcome.error.message.find("evil"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(
    Spellings, OtherIssuer,
    testing::Values(std::pair{"https://evil.test", true}, std::pair{"https://evil.test", false},
                    std::pair{"https://issuer.test/", true}, std::pair{"https://ISSUER.test", true},
                    std::pair{"https://issuer%2Etest", true}, std::pair{"", true}, std::pair{"", false}));

// J2: errors come in our words.
TEST_F(Finish, ProviderSaysNo_IsToldInOurWords) {
  for (const auto& [parameter, code] : {std::pair{"access_denied", "access_denied"},
                                        std::pair{"temporarily_unavailable", "provider_unavailable"},
                                        std::pair{"<script>CANARY</script>", "provider_error"}}) {
    const auto link = rig.begin();
    auto parameters = rig.callback(link);
    parameters.error = parameter;
    const auto outcome = rig.consent.finish(parameters);
    expectRefusedBeforeExchange(outcome);
    EXPECT_EQ(outcome.error.code, code);
    EXPECT_EQ(outcome.error.message.find("CANARY"), std::string::npos);
    EXPECT_EQ(rig.flowError(link.sessionId), code);
  }
}
TEST_F(Finish, AccessDenied_IsThePersonsNo) {
  auto parameters = rig.callback(rig.begin());
  parameters.error = "access_denied";
  EXPECT_EQ(rig.consent.finish(parameters).error.kind, ErrorKind::Denied);
}
TEST_F(Finish, NoCode_IsRefused) {
  auto parameters = rig.callback(rig.begin());
  parameters.code.reset();
  expectRefusedBeforeExchange(rig.consent.finish(parameters));
}
TEST_F(Finish, ExchangeFails_TheFlowSaysSo) {
  for (const auto& [kind, code] : {std::pair{ErrorKind::GrantDead, "access_denied"},
                                   std::pair{ErrorKind::BadClient, "provider_misconfigured"},
                                   std::pair{ErrorKind::Transient, "provider_unavailable"},
                                   std::pair{ErrorKind::Malformed, "provider_error"}}) {
    rig.provider->failNext(Call::Exchange, {.kind = kind, .message = "CANARY-body"});
    const auto link = rig.begin();
    expectNothingStored(rig.consent.finish(rig.callback(link)));
    EXPECT_EQ(rig.flowError(link.sessionId), code);
  }
}

TEST_F(Finish, ConsentAgain_KeepsTheRowAndEndsItsStory) {
  rig.connect();
  const auto before = *rig.row();
  rig.clock.advance(3600s);
  rig.provider->failNext(Call::Refresh, timedOut());
  EXPECT_FALSE(rig.replica()->token(BrokerRig::wish()).ok());
  ASSERT_EQ(rig.row()->failures, 1);
  rig.connect();
  const auto after = *rig.row();
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.createdAt, before.createdAt);
  EXPECT_GT(after.consentedAt, before.consentedAt);
  EXPECT_EQ(after.failures, 0);
  EXPECT_EQ(after.openIntents, 0);
  EXPECT_TRUE(rig.replica()->token(BrokerRig::wish()).ok());
}
TEST_F(Finish, ConsentAgainWithoutRefreshToken_KeepsTheOldOneOfTheSameAccount) {
  rig.provider->rules.refreshTokenOnlyOnFirstConsent = true;
  rig.connect();
  const auto before = rig.stored();
  rig.connect();
  EXPECT_NE(rig.stored().access, before.access);
  EXPECT_EQ(rig.stored().refresh, before.refresh);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()});
}
TEST_F(Finish, ConsentWithoutRefreshTokenAfterDeath_DoesNotKeepTheDeadOne) {
  rig.connect();
  rig.provider->removeAccess("subject-alice");
  rig.clock.advance(3600s);
  EXPECT_FALSE(rig.replica()->token(BrokerRig::wish()).ok());
  rig.provider->rules.givesRefreshToken = false;
  rig.connect();
  EXPECT_EQ(rig.stored().refresh, "");
}
TEST_F(Finish, ConsentOfUnknownAccountWithoutRefreshToken_KeepsNobodysOldOne) {
  rig.connect();
  rig.provider->configuration.identity = IdentityPolicy::None;
  rig.provider->rules.givesRefreshToken = false;
  ASSERT_EQ(rig.consentAs(mallory()).status, FlowStatus::Completed);
  EXPECT_EQ(rig.stored().refresh, "");
}

// J1
TEST_F(Finish, NoSecretAndNoAddressInTheLog) {
  rig.connect();
  EXPECT_EQ(rig.consentAs(mallory()).error.code, "identity_mismatch");
  rig.provider->failNext(Call::Exchange, timedOut());
  EXPECT_EQ(rig.consentAs(alice()).status, FlowStatus::Failed);
  for (const auto& line : rig.log.lines()) {
    EXPECT_EQ(line.find("CANARY"), std::string::npos) << line;
    EXPECT_EQ(line.find("@x.com"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace agw::test
