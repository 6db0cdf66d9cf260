#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class InstallFlows : public StorageContract {
 protected:
  InstallFlow created(const std::string& id = "f1", InstallStep step = InstallStep::Redirect) {
    InstallFlow flow;
    flow.id = id;
    flow.provider = "example";
    flow.step = step;
    flow.stateHash = "state-of-" + id;
    flow.codeVerifier = "sealed-verifier";
    flow.redirectUri = "https://gateway.example/oauth/callback/example";
    flow.redirectAfter = "https://app.example/done";
    flow.orgId = "org-1";
    flow.configFingerprint = "fingerprint";
    flow.startedBy = "key-1";
    flow.browserHash = "browser";
    flow.parameters = {{"installation_id", "12"}, {"odd", "\" & ü"}};
    flow.createdAt = clock.now();
    flow.expiresAt = clock.now() + 10min;
    EXPECT_TRUE(succeeds(storage().createInstallFlow(flow)));
    return flow;
  }
};
AGW_FOR_EVERY_STORAGE(InstallFlows);

// A3
TEST_P(InstallFlows, Consume_FirstTime_ReturnsEveryField) {
  const auto flow = created();
  const auto consumed = storage().consumeInstallState(InstallStep::Redirect, flow.stateHash);
  ASSERT_TRUE(succeeds(consumed));
  EXPECT_EQ(describe(*consumed), describe(flow));
}

TEST_P(InstallFlows, Consume_Again_IsConflict) {
  const auto flow = created();
  ASSERT_TRUE(succeeds(storage().consumeInstallState(InstallStep::Redirect, flow.stateHash)));
  EXPECT_TRUE(
      failsWith(storage().consumeInstallState(InstallStep::Redirect, flow.stateHash), ErrorKind::Conflict));
}

TEST_P(InstallFlows, Consume_UnknownOrOfAnotherStep_IsNotFound) {
  const auto ticket = created("f1", InstallStep::Ticket);
  EXPECT_TRUE(
      failsWith(storage().consumeInstallState(InstallStep::Redirect, ticket.stateHash), ErrorKind::NotFound))
      << "a ticket is no state";
  EXPECT_TRUE(failsWith(storage().consumeInstallState(InstallStep::Ticket, "another"), ErrorKind::NotFound));
  EXPECT_TRUE(succeeds(storage().consumeInstallState(InstallStep::Ticket, ticket.stateHash)));
}

TEST_P(InstallFlows, Create_IdOrStateTaken_IsConflict) {
  auto flow = created();
  EXPECT_TRUE(failsWith(storage().createInstallFlow(flow), ErrorKind::Conflict));
  flow.id = "another";
  EXPECT_TRUE(failsWith(storage().createInstallFlow(flow), ErrorKind::Conflict));
}

TEST_P(InstallFlows, Consume_ThirtyTwoAtOnce_OneGetsIt) {
  const auto flow = created();
  std::atomic<int> got{0};
  std::atomic<int> conflicts{0};
  together(32, [&](int) {
    const auto consumed = storage().consumeInstallState(InstallStep::Redirect, flow.stateHash);
    if (consumed.ok()) ++got;
    if (!consumed.ok() && consumed.error().kind == ErrorKind::Conflict) ++conflicts;
  });
  EXPECT_EQ(got, 1);
  EXPECT_EQ(conflicts, 31);
}

TEST_P(InstallFlows, DeleteOld_TakesUsedAndUnusedUpToTheLimit) {
  const auto used = created("f1");
  created("f2");
  ASSERT_TRUE(succeeds(storage().consumeInstallState(InstallStep::Redirect, used.stateHash)));
  clock.advance(5min);
  created("f3");
  clock.advance(5min);
  EXPECT_EQ(*storage().deleteInstallFlows(clock.now() - 1ms, 10), 0);
  EXPECT_EQ(*storage().deleteInstallFlows(clock.now(), 1), 1);
  EXPECT_EQ(*storage().deleteInstallFlows(clock.now(), 10), 1);
  EXPECT_TRUE(succeeds(storage().consumeInstallState(InstallStep::Redirect, "state-of-f3")));
}

}  // namespace
}  // namespace agw::test
