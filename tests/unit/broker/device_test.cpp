// RFC 8628, and A14: the polls that a provider sees.
#include <gtest/gtest.h>

#include "broker/places.hpp"
#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class Devices : public testing::Test {
 protected:
  Devices() { rig.provider->abilities.device = true; }

  static ConsentRequest wish(const std::string& profile = kAlice) {
    return {.provider = "fake", .profile = profile, .scopes = {}, .redirectAfter = {}, .requestId = "r"};
  }
  DeviceAuthorization begin(const std::string& profile = kAlice) {
    auto begun = service->begin(wish(profile), rig.caller);
    EXPECT_TRUE(begun.ok());
    return begun ? *begun : DeviceAuthorization{};
  }
  static void round(DeviceService& of) {
    EXPECT_TRUE(of.poll().ok());
    EXPECT_TRUE(of.drain(20s));
  }
  void roundAfter(std::chrono::milliseconds pause) {
    rig.clock.advance(pause);
    round(*service);
  }
  int polls() { return rig.provider->calls(Call::PollDevice); }
  Flow flow(const DeviceAuthorization& begun) { return rig.memory->findFlow(begun.sessionId)->value(); }
  std::string stateOf(const DeviceAuthorization& begun) {
    const auto row = *rig.consent.status(begun.sessionId);
    switch (row.status) {
      case FlowStatus::Completed:
        return "completed";
      case FlowStatus::Failed:
        return "failed: " + row.error;
      default:
        return "pending";
    }
  }

  BrokerRig rig;
  std::unique_ptr<DeviceService> service = rig.deviceReplica();
};

TEST_F(Devices, Begin_GivesThePersonWhatTheProviderSaid) {
  const auto begun = begin();
  EXPECT_EQ(begun.userCode, "USER-1");
  EXPECT_EQ(begun.verificationUri, "https://provider.test/device");
  EXPECT_EQ(begun.verificationUriComplete, "https://provider.test/device?user_code=USER-1");
  EXPECT_EQ(begun.interval, 5s);
  EXPECT_EQ(begun.expiresAt, rig.clock.now() + 1800s);
  EXPECT_EQ(stateOf(begun), "pending");
  EXPECT_TRUE(rig.audited("device_flow_started"));
}
TEST_F(Devices, Begin_DeviceCode_IsSealedForItsRowAndReadsNowhereElse) {
  const auto one = flow(begin());
  const auto other = flow(begin());
  EXPECT_EQ(one.deviceCode.find("CANARY"), std::string::npos);
  EXPECT_TRUE(rig.vault.open(placeOf(one, column::kDeviceCode), one.deviceCode).ok());
  EXPECT_FALSE(rig.vault.open(placeOf(other, column::kDeviceCode), one.deviceCode).ok());
  EXPECT_FALSE(rig.vault.open(placeOf(one, column::kCodeVerifier), one.deviceCode).ok());
}
TEST_F(Devices, Begin_ProviderWithoutADeviceFlow_IsRefusedWithTheOtherWay) {
  rig.provider->abilities.device = false;
  const auto refused = service->begin(wish(), rig.caller);
  EXPECT_EQ(refused.error().kind, ErrorKind::InvalidRequest);
  EXPECT_NE(refused.error().message.find("POST /auth/init"), std::string::npos);
  EXPECT_EQ(rig.provider->calls(Call::StartDevice), 0);
}
// A1: nobody could tell the person who consents from the one who started the flow.
TEST_F(Devices, Begin_UnderConfirm_IsRefusedBeforeAnybodyConsents) {
  rig.provider->configuration.identity = IdentityPolicy::Confirm;
  const auto refused = service->begin(wish(), rig.caller);
  EXPECT_EQ(refused.error().kind, ErrorKind::InvalidRequest);
  EXPECT_NE(refused.error().message.find("identity: match"), std::string::npos);
  EXPECT_EQ(rig.provider->calls(Call::StartDevice), 0);
}
TEST_F(Devices, Begin_ProviderAway_SaysSoAndStoresNothing) {
  rig.provider->failNext(Call::StartDevice, {.kind = ErrorKind::RateLimited, .retryAfter = 40s});
  const auto refused = service->begin(wish(), rig.caller);
  EXPECT_EQ(refused.error().code, "provider_unavailable");
  EXPECT_EQ(refused.error().retryAfter, 40s);
  EXPECT_TRUE(rig.memory->claimDevicePolls(rig.clock.now() + 1h, 0s, 10)->empty());
}
TEST_F(Devices, Begin_LifeBeyondAnHour_EndsAfterAnHour) {
  rig.provider->deviceLife = std::chrono::hours(24 * 365);
  EXPECT_EQ(begin().expiresAt, rig.clock.now() + 3600s);
}

TEST_F(Devices, Approved_StoresTheGrantAndForgetsTheCode) {
  const auto begun = begin();
  rig.provider->approveDevice(begun.userCode, alice());
  roundAfter(5s);
  EXPECT_EQ(stateOf(begun), "completed");
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()});
  EXPECT_EQ(rig.row()->subject, "subject-alice");
  EXPECT_EQ(flow(begun).deviceCode, "");
  EXPECT_EQ(flow(begun).account, "a***@x.com");
  EXPECT_TRUE(rig.audited("consent_completed"));
  roundAfter(5s);
  EXPECT_EQ(polls(), 1);
}

// RFC 8628 section 3.5, rule by rule.
TEST_F(Devices, Pending_IsAskedOncePerIntervalAndNeverSooner) {
  const auto begun = begin();
  roundAfter(4'999ms);
  EXPECT_EQ(polls(), 0) << "the first question waits for an interval, too";
  roundAfter(1ms);
  EXPECT_EQ(polls(), 1);
  for (int second = 0; second < 4; ++second) roundAfter(1s);
  EXPECT_EQ(polls(), 1);
  roundAfter(1s);
  EXPECT_EQ(polls(), 2);
  EXPECT_EQ(stateOf(begun), "pending");
}
TEST_F(Devices, Interval_IsTheProviders) {
  rig.provider->deviceInterval = 20s;
  (void)begin();
  roundAfter(19s);
  EXPECT_EQ(polls(), 0);
  roundAfter(1s);
  EXPECT_EQ(polls(), 1);
}
TEST_F(Devices, SlowDown_AddsFiveSecondsForGood) {
  (void)begin();
  rig.provider->slowDownNext();
  roundAfter(5s);
  roundAfter(9'999ms);
  EXPECT_EQ(polls(), 1);
  roundAfter(1ms);
  EXPECT_EQ(polls(), 2);
  roundAfter(9'999ms);
  EXPECT_EQ(polls(), 2) << "the next ones keep to it";
  roundAfter(1ms);
  EXPECT_EQ(polls(), 3);
}
TEST_F(Devices, ProviderAway_IsAskedHalfAsOftenEachTimeAndAtLeastOnceAMinute) {
  const auto begun = begin();
  rig.provider->failAlways(Call::PollDevice, timedOut());
  auto pause = 5s;
  for (const auto next : {10s, 20s, 40s, 60s, 60s}) {
    const int before = polls();
    roundAfter(pause - 1ms);
    EXPECT_EQ(polls(), before);
    roundAfter(1ms);
    EXPECT_EQ(polls(), before + 1);
    pause = next;
  }
  rig.provider->recover(Call::PollDevice);
  rig.provider->approveDevice(begun.userCode, alice());
  roundAfter(60s);
  EXPECT_EQ(stateOf(begun), "completed");
}
TEST_F(Devices, RetryAfter_IsHonoured) {
  (void)begin();
  rig.provider->failNext(Call::PollDevice, {.kind = ErrorKind::RateLimited, .retryAfter = 120s});
  roundAfter(5s);
  roundAfter(119s);
  EXPECT_EQ(polls(), 1);
  roundAfter(1s);
  EXPECT_EQ(polls(), 2);
}
TEST_F(Devices, Refused_EndsTheFlowAndThePolls) {
  const auto begun = begin();
  rig.provider->refuseDevice(begun.userCode);
  roundAfter(5s);
  EXPECT_EQ(stateOf(begun), "failed: access_denied");
  EXPECT_EQ(flow(begun).deviceCode, "");
  roundAfter(60s);
  EXPECT_EQ(polls(), 1);
  EXPECT_FALSE(rig.row());
}
TEST_F(Devices, CodeOverAtTheProvider_EndsTheFlowAsExpired) {
  const auto begun = begin();
  rig.provider->expireDevice(begun.userCode);
  roundAfter(5s);
  EXPECT_EQ(stateOf(begun), "failed: Session expired");
  EXPECT_EQ(flow(begun).status, FlowStatus::Failed);
}
TEST_F(Devices, NobodyDecides_EndsWithTheCodesLifeAndIsAskedNoMore) {
  const auto begun = begin();
  roundAfter(1800s);
  EXPECT_EQ(polls(), 0);
  EXPECT_EQ(stateOf(begun), "failed: Session expired");
  EXPECT_TRUE(rig.consent.expire().ok());
  EXPECT_EQ(flow(begun).deviceCode, "");
}
TEST_F(Devices, OtherFailures_EndTheFlowWithTheOneWhoMustAct) {
  for (const auto& [kind, said] : {std::pair{ErrorKind::BadClient, "failed: provider_misconfigured"},
                                   std::pair{ErrorKind::Malformed, "failed: provider_error"}}) {
    const auto begun = begin();
    rig.provider->failNext(Call::PollDevice, {.kind = kind, .message = "odd"});
    roundAfter(5s);
    EXPECT_EQ(stateOf(begun), said);
  }
}

// A1: someone else's device code, approved by a victim.
TEST_F(Devices, AnotherAccountApproves_IsRevokedStoredNowhereAndAudited) {
  const auto begun = begin("mallory@x.com");
  rig.provider->approveDevice(begun.userCode, alice());
  roundAfter(5s);
  EXPECT_EQ(stateOf(begun), "failed: identity_mismatch");
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_FALSE(rig.row("mallory@x.com"));
  EXPECT_FALSE(rig.row());
  EXPECT_TRUE(rig.audited("flow_identity_mismatch"));
}
TEST_F(Devices, AnotherSubjectThanTheGrantsOwn_IsRefused) {
  rig.connect();
  const auto before = rig.stored();
  Identity impostor = alice();
  impostor.subject = "subject-of-somebody-else";
  const auto begun = begin();
  rig.provider->approveDevice(begun.userCode, impostor);
  roundAfter(5s);
  EXPECT_EQ(stateOf(begun), "failed: identity_mismatch");
  EXPECT_EQ(rig.stored(), before);
  EXPECT_EQ(rig.provider->livingPairs(), std::vector{before});
}

// I12
TEST_F(Devices, ProviderEntryChangedMeanwhile_EndsTheFlowUnasked) {
  const auto begun = begin();
  rig.provider->configuration.fingerprint = "another";
  roundAfter(5s);
  EXPECT_EQ(polls(), 0);
  EXPECT_EQ(stateOf(begun), "failed: provider_not_configured");
}
// F5
TEST_F(Devices, DeviceCodeOfAnotherRow_IsNeverSent) {
  const auto one = begin();
  const auto other = begin("bob@x.com");
  auto rows = *rig.memory->sealedRows("", "", 10);
  for (auto& row : rows) row.fields.front().text = flow(row.id == one.sessionId ? other : one).deviceCode;
  for (const auto& row : rows) ASSERT_TRUE(rig.memory->replaceSealed(row).ok());
  roundAfter(5s);
  EXPECT_EQ(polls(), 0);
  EXPECT_EQ(stateOf(one), "failed: integrity_error");
  EXPECT_EQ(stateOf(other), "failed: integrity_error");
}

// ---- replicas
TEST_F(Devices, TwoReplicas_OneOfThemAsks) {
  const auto begun = begin();
  const auto second = rig.deviceReplica();
  rig.provider->hold(Call::PollDevice);
  rig.clock.advance(5s);
  EXPECT_TRUE(service->poll().ok());
  rig.provider->awaitHeld(Call::PollDevice);
  EXPECT_TRUE(second->poll().ok());
  EXPECT_TRUE(second->drain(20s));
  EXPECT_EQ(polls(), 1);
  rig.provider->release(Call::PollDevice);
  EXPECT_TRUE(service->drain(20s));
  EXPECT_EQ(stateOf(begun), "pending");
}
TEST_F(Devices, ReplicaThatDied_AnotherGoesOnHalfAMinuteLater) {
  const auto begun = begin();
  rig.clock.advance(5s);
  ASSERT_EQ(rig.memory->claimDevicePolls(rig.clock.now(), 30s, 10)->size(), 1U);  // and then it dies
  service.reset();
  const auto second = rig.deviceReplica();
  rig.provider->approveDevice(begun.userCode, alice());
  rig.clock.advance(29s);
  round(*second);
  EXPECT_EQ(polls(), 0);
  rig.clock.advance(1s);
  round(*second);
  EXPECT_EQ(stateOf(begun), "completed");
}
// A replica that was stopped on the way must not end what another one is about to finish.
TEST_F(Devices, AnswerAfterTheClaimIsOver_DecidesNothing) {
  const auto begun = begin();
  rig.provider->failNext(Call::PollDevice, {.kind = ErrorKind::Denied, .code = kDeviceExpired});
  rig.provider->hold(Call::PollDevice);
  rig.clock.advance(5s);
  EXPECT_TRUE(service->poll().ok());
  rig.provider->awaitHeld(Call::PollDevice);
  rig.clock.advance(31s);
  rig.provider->release(Call::PollDevice);
  EXPECT_TRUE(service->drain(20s));
  EXPECT_EQ(stateOf(begun), "pending");
}
TEST_F(Devices, TokensForAFlowThatEndedMeanwhile_AreRevoked) {
  const auto begun = begin();
  rig.provider->approveDevice(begun.userCode, alice());
  rig.provider->hold(Call::PollDevice);
  rig.clock.advance(1795s);
  EXPECT_TRUE(service->poll().ok());
  rig.provider->awaitHeld(Call::PollDevice);
  rig.clock.advance(5s);
  EXPECT_TRUE(rig.consent.expire().ok());
  rig.provider->release(Call::PollDevice);
  EXPECT_TRUE(service->drain(20s));
  EXPECT_EQ(stateOf(begun), "failed: Session expired");
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_FALSE(rig.row());
}

TEST_F(Devices, NoLineOfTheLog_HasADeviceCodeOrToken) {
  const auto begun = begin();
  rig.provider->failNext(Call::PollDevice, timedOut());
  roundAfter(5s);
  rig.provider->approveDevice(begun.userCode, mallory());
  roundAfter(60s);
  EXPECT_EQ(stateOf(begun), "failed: identity_mismatch");
  for (const auto& line : rig.log.lines()) EXPECT_EQ(line.find("CANARY"), std::string::npos) << line;
}

}  // namespace
}  // namespace agw::test
