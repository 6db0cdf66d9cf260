#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

// Nobody knows whose tokens they are, and a revocation would end all of that account's.
TEST(ConsentIdentity, CannotBeHad_WhereARevocationEndsTheAccount_NothingIsRevoked) {
  BrokerRig rig;
  rig.connect();
  rig.provider->abilities.revokesAccount = true;
  rig.provider->failNext(Call::Identify, timedOut());
  EXPECT_EQ(rig.consentAs(alice(), "bob@x.com").status, FlowStatus::Failed);
  EXPECT_EQ(rig.provider->calls(Call::Revoke), 0);
  EXPECT_TRUE(rig.provider->lives(rig.stored(kAlice).refresh));
}

TEST(ConsentIdentity, AccountThatTheEntryDoesNotLetIn_IsToldSo) {
  BrokerRig rig;
  rig.provider->failNext(Call::Identify,
                         {.kind = ErrorKind::Denied, .message = "Only accounts of corp.com."});
  const auto outcome = rig.consentAs(alice());
  EXPECT_EQ(outcome.status, FlowStatus::Failed);
  EXPECT_EQ(outcome.error.code, "access_denied");
  EXPECT_NE(outcome.error.message.find("Only accounts of corp.com."), std::string::npos);
  EXPECT_FALSE(rig.row());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
}

TEST(ConsentIdentity, CodeThatIsRefused_LeavesTheReasonInTheLog) {
  BrokerRig rig;
  rig.provider->failNext(
      Call::Exchange, {.kind = ErrorKind::Denied, .message = "Two factors first.", .detail = "two_factor"});
  const auto outcome = rig.consentAs(alice());
  EXPECT_EQ(outcome.error.code, "access_denied");
  EXPECT_EQ(outcome.error.detail, "Two factors first. two_factor");
}

}  // namespace
}  // namespace agw::test
