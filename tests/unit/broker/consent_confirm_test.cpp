#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

// A flow whose person has consented and was shown a code.
class Confirm : public testing::Test {
 protected:
  void SetUp() override {
    rig.provider->configuration.identity = IdentityPolicy::Confirm;
    session = rig.begin();
    shown = rig.consent.finish(rig.callback(session));
    ASSERT_EQ(shown.status, FlowStatus::AwaitingConfirmation);
  }
  Result<Flow> confirm(const std::string& code) {
    return rig.consent.confirm(session.sessionId, code, rig.caller, "r");
  }
  BrokerRig rig;
  ConsentLink session;
  CallbackOutcome shown;
};

TEST_F(Confirm, Code_HasEightLettersThatNobodyMixesUp) {
  EXPECT_EQ(shown.confirmationCode.size(), 8U);
  EXPECT_EQ(shown.confirmationCode.find_first_not_of("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), std::string::npos);
}
TEST_F(Confirm, UntilConfirmed_NothingCanBeFetchedAndTheCodeIsStoredNowhere) {
  EXPECT_FALSE(rig.row());
  EXPECT_EQ(BrokerRig::textOf(rig.replica()->token(BrokerRig::wish())), "error not_authenticated");
  const auto flow = **rig.memory->findFlow(session.sessionId);
  EXPECT_EQ(flow.confirmationHash.size(), 64U);
  EXPECT_EQ(flow.confirmationHash.find(shown.confirmationCode), std::string::npos);
  EXPECT_EQ(flow.account, "a***@x.com");
}
TEST_F(Confirm, RightCode_StoresTheGrant) {
  const auto flow = confirm(shown.confirmationCode);
  ASSERT_TRUE(flow.ok());
  EXPECT_EQ(flow->status, FlowStatus::Completed);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()});
  EXPECT_EQ(rig.consent.status(session.sessionId)->status, FlowStatus::Completed);
  EXPECT_TRUE((*rig.memory->findFlow(session.sessionId))->pendingTokens.empty());
}
TEST_F(Confirm, CodeInLowerCaseAndGroups_IsTheSame) {
  std::string typed = shown.confirmationCode.substr(0, 4) + "-" + shown.confirmationCode.substr(4) + " ";
  for (auto& c : typed) c = static_cast<char>(std::tolower(c));
  EXPECT_TRUE(confirm(typed).ok());
}
TEST_F(Confirm, ConfirmedTwice_IsAConflict) {
  ASSERT_TRUE(confirm(shown.confirmationCode).ok());
  EXPECT_EQ(confirm(shown.confirmationCode).error().code, "conflict");
}
TEST_F(Confirm, ConfirmedByManyAtOnce_IsStoredOnce) {
  std::atomic<int> confirmed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([&] { confirmed += confirm(shown.confirmationCode).ok() ? 1 : 0; });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(confirmed, 1);
  EXPECT_EQ(rig.row()->version, 1);
}
TEST_F(Confirm, FourWrongCodes_LeaveTheFifthTryToTheRightOne) {
  for (int left = 4; left > 0; --left) {
    const auto flow = confirm("WRONGCDE");
    EXPECT_EQ(flow.error().facts.at("tries_left"), std::vector{std::to_string(left)});
  }
  EXPECT_TRUE(confirm(shown.confirmationCode).ok());
}
TEST_F(Confirm, FiveWrongCodes_FailTheFlowAndRevoke) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(confirm("WRONGCDE").error().kind, ErrorKind::InvalidRequest);
  EXPECT_EQ(rig.consent.status(session.sessionId)->status, FlowStatus::Failed);
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(confirm(shown.confirmationCode).error().code, "conflict");
  EXPECT_FALSE(rig.row());
  EXPECT_TRUE(rig.audited("confirmation_failed"));
}
// C1
TEST_F(Confirm, CallerThatMayNotConsentForThisOwner_IsForbiddenAndCostsNoTry) {
  Caller other{
      .keyId = "other", .name = "other", .permissions = {{Operation::Consent}, {"fake"}, {"bob@x.com"}}};
  EXPECT_EQ(rig.consent.confirm(session.sessionId, shown.confirmationCode, other, "r").error().kind,
            ErrorKind::Forbidden);
  EXPECT_EQ((*rig.memory->findFlow(session.sessionId))->confirmationTries, 0);
}
TEST_F(Confirm, CodeOfAnotherSession_IsWrong) {
  const auto other = rig.begin();
  const auto otherShown = rig.consent.finish(rig.callback(other));
  EXPECT_EQ(confirm(otherShown.confirmationCode).error().kind, ErrorKind::InvalidRequest);
}
TEST_F(Confirm, SessionThatNeverWas_IsNotFound) {
  for (const char* id : {"", "x", "00000000-0000-4000-8000-000000000000"}) {
    EXPECT_EQ(rig.consent.confirm(id, "ABCDEFGH", rig.caller, "r").error().kind, ErrorKind::NotFound);
  }
}
TEST_F(Confirm, SessionPastItsTime_CannotBeConfirmedAndItsPairIsRevoked) {
  rig.clock.advance(900s);
  EXPECT_EQ(confirm(shown.confirmationCode).error().code, "conflict");
  EXPECT_EQ(rig.flowError(session.sessionId), "Session expired");
  ASSERT_TRUE(rig.consent.expire().ok());
  EXPECT_EQ(rig.provider->calls(FakeProvider::Call::Revoke), 0) << "many may end at once: in the background";
  rig.clock.advance(60s);
  ASSERT_TRUE(rig.revoke.retryPending().ok());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_FALSE(rig.row());
}
TEST_F(Confirm, AnotherAccountThanTheGrantsOwn_IsRefused) {
  ASSERT_TRUE(confirm(shown.confirmationCode).ok());
  const auto before = rig.stored();
  EXPECT_EQ(rig.consentAs(mallory()).error.code, "identity_mismatch");
  EXPECT_EQ(rig.stored(), before);
}
TEST_F(Confirm, GrantOfAnotherAccountStoredMeanwhile_IsRefused) {
  rig.provider->configuration.identity = IdentityPolicy::None;
  ASSERT_EQ(rig.consentAs(mallory()).status, FlowStatus::Completed);
  Grant grant = *rig.row();
  grant.subject = "subject-mallory";
  ASSERT_TRUE(rig.memory->putGrant(grant, grant.version).ok());
  const auto before = rig.stored();
  EXPECT_EQ(confirm(shown.confirmationCode).error().code, "identity_mismatch");
  EXPECT_EQ(rig.stored(), before);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{before});
}
TEST_F(Confirm, ProviderThatTellsNoIdentity_StillAsksForTheCode) {
  rig.provider->abilities.identity = rig.provider->abilities.verifiedEmail = false;
  rig.provider->configuration.identity.reset();
  const auto link = rig.begin("bob@x.com");
  const auto outcome = rig.consent.finish(rig.callback(link));
  EXPECT_EQ(outcome.status, FlowStatus::AwaitingConfirmation);
  EXPECT_EQ(outcome.account, "");
  EXPECT_TRUE(rig.consent.confirm(link.sessionId, outcome.confirmationCode, rig.caller, "r").ok());
  EXPECT_TRUE(rig.row("bob@x.com"));
}

class Expire : public testing::Test {
 protected:
  BrokerRig rig;
};
TEST_F(Expire, PendingFlowPastItsTime_ReadsAsExpiredEvenBeforeTheRound) {
  const auto link = rig.begin();
  rig.clock.advance(900s);
  EXPECT_EQ(rig.consent.status(link.sessionId)->status, FlowStatus::Failed);
  EXPECT_EQ(rig.flowError(link.sessionId), "Session expired");
}
TEST_F(Expire, FinishedFlow_IsForgottenAfterADay) {
  const auto link = rig.begin();
  rig.clock.advance(900s);
  ASSERT_TRUE(rig.consent.expire().ok());
  EXPECT_TRUE(rig.consent.status(link.sessionId).ok());
  rig.clock.advance(24h);
  ASSERT_TRUE(rig.consent.expire().ok());
  EXPECT_EQ(rig.consent.status(link.sessionId).error().code, "not_found");
}

}  // namespace
}  // namespace agw::test
