#include <gtest/gtest.h>

#include "broker/breaker.hpp"
#include "support/schedule_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

// E8: a provider that does not answer, as readers meet it.
class BrokenProvider : public testing::Test {
 protected:
  static constexpr int kUsers = 8;
  void SetUp() override {
    connectUsers(rig, kUsers);
    rig.connect();
    rig.clock.advance(3600s);
    rig.connect();  // alice's token lives, those of the others have ended
  }
  Result<TokenAnswer> read(int user) { return service->token(BrokerRig::wish(userName(user))); }
  int refreshes() { return rig.provider->calls(Call::Refresh); }
  void openTheBreaker() {
    rig.provider->failAlways(Call::Refresh, timedOut());
    for (int user = 0; user < Breaker::kFailures; ++user) EXPECT_FALSE(read(user).ok());
    ASSERT_EQ(refreshes(), Breaker::kFailures);
  }

  BrokerRig rig;
  std::unique_ptr<TokenService> service = rig.replica();
};

TEST_F(BrokenProvider, AfterFiveFailures_ReadersAreToldAtOnceAndNothingIsWritten) {
  openTheBreaker();
  const auto answer = read(6);
  EXPECT_EQ(answer.error().code, "provider_unavailable");
  EXPECT_GT(answer.error().retryAfter, 0s);
  EXPECT_LE(answer.error().retryAfter, 5s);
  EXPECT_EQ(refreshes(), Breaker::kFailures);
  const auto row = rig.row(userName(6));
  EXPECT_EQ(row->fence, 0);
  EXPECT_EQ(row->failures, 0);
}
TEST_F(BrokenProvider, LivingTokens_AreServedAsEver) {
  openTheBreaker();
  const auto answer = service->token(BrokerRig::wish());
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->degraded);
  rig.clock.advance(31s);
  rig.provider->failNext(Call::Refresh, timedOut());
  const auto forced = service->token(BrokerRig::forced());
  ASSERT_TRUE(forced.ok()) << "a renewal that is demanded cannot be had";
  EXPECT_TRUE(forced->degraded);
}
TEST_F(BrokenProvider, LivingTokensThatAreDue_AreServedAsDegraded) {
  rig.clock.advance(3600s - 200s);
  openTheBreaker();
  const auto answer = service->token(BrokerRig::wish());
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->degraded) << "its renewal is due and cannot happen now";
}
TEST_F(BrokenProvider, ProviderComesBack_OneProbeClosesTheBreaker) {
  openTheBreaker();
  rig.provider->recover(Call::Refresh);
  rig.clock.advance(5s);
  EXPECT_TRUE(read(6).ok());
  EXPECT_TRUE(read(7).ok());
  EXPECT_EQ(refreshes(), Breaker::kFailures + 2);
}
TEST_F(BrokenProvider, ProbeUnderWay_OthersAreToldToComeAgain) {
  openTheBreaker();
  rig.provider->recover(Call::Refresh);
  rig.clock.advance(5s);
  rig.provider->hold(Call::Refresh);
  std::thread probe([&] { EXPECT_TRUE(read(6).ok()); });
  rig.provider->awaitHeld(Call::Refresh);
  EXPECT_EQ(read(7).error().code, "provider_unavailable");
  EXPECT_EQ(read(7).error().retryAfter, 1s);
  rig.provider->release(Call::Refresh);
  probe.join();
  EXPECT_TRUE(read(7).ok());
}
TEST_F(BrokenProvider, ThatSaysWhenToComeBack_IsObeyedForAllItsGrants) {
  rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::RateLimited, .message = "no", .retryAfter = 90s});
  EXPECT_FALSE(read(0).ok());
  EXPECT_EQ(read(1).error().retryAfter, 90s);
  EXPECT_EQ(refreshes(), 1);
  rig.clock.advance(90s);
  EXPECT_TRUE(read(1).ok());
}
TEST_F(BrokenProvider, ThatIsBusyWithoutATime_IsStillAskedForOthers) {
  for (int user = 0; user < Breaker::kFailures + 1; ++user) {
    rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::RateLimited, .message = "no"});
    EXPECT_FALSE(read(user).ok());
  }
  EXPECT_TRUE(read(7).ok());
}
TEST_F(BrokenProvider, AnotherEntry_IsNotTouched) {
  const auto sound = std::make_shared<FakeProvider>("sound");
  rig.directory.set(sound);
  Grant grant = *rig.row(userName(0));
  const auto plain = openTokens(rig.vault, grant);
  ASSERT_TRUE(plain.ok());
  openTheBreaker();
  grant.id = "00000000-0000-4000-8000-000000000001";
  grant.provider = "sound";
  auto sealed = sealTokens(rig.vault, grant, *plain);
  ASSERT_TRUE(sealed.ok());
  grant.tokens = *sealed;
  ASSERT_TRUE(rig.memory->putGrant(grant, 0).ok());
  auto wish = BrokerRig::wish(userName(0));
  wish.provider = "sound";
  EXPECT_EQ(service->token(wish).error().code, "refresh_failed")
      << "its own answer, for its own ledger is empty";
  EXPECT_EQ(sound->calls(Call::Refresh), 1);
}
TEST_F(BrokenProvider, DeadGrantsAndARefusedClient_AreAnswers) {
  for (int user = 0; user < kUsers; ++user) {
    rig.provider->failNext(Call::Refresh, user % 2 ? deadGrant() : Error{.kind = ErrorKind::BadClient});
    EXPECT_FALSE(read(user).ok());
  }
  EXPECT_EQ(refreshes(), kUsers);
}

}  // namespace
}  // namespace agw::test
