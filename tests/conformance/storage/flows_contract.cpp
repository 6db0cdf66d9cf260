#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Flows : public StorageContract {
 protected:
  Flow readFlow(const std::string& id) {
    const auto found = storage().findFlow(id);
    if (!found.ok() || !*found) {
      ADD_FAILURE() << "no flow " << id;
      return {};
    }
    return **found;
  }
  Flow created(const Flow& flow) {
    EXPECT_TRUE(succeeds(storage().createFlow(flow)));
    return flow;
  }
  /// A flow that waits for its confirmation code and holds tokens.
  Flow awaiting(const std::string& id = "33333333-3333-4333-8333-333333333333") {
    Flow flow = created(aFlow(id, "state-" + id));
    EXPECT_TRUE(succeeds(storage().consumeState(flow.stateHash)));
    flow.status = FlowStatus::AwaitingConfirmation;
    flow.account = "b***@company.com";
    flow.confirmationHash = "hash-of-code";
    flow.pendingTokens = "sealed-pending";
    EXPECT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::Exchanging)));
    flow.codeVerifier.clear();
    return flow;
  }
};
AGW_FOR_EVERY_STORAGE(Flows);

TEST_P(Flows, Create_ReadsBackWithEveryField) {
  const Flow flow = created(aFlow());
  EXPECT_EQ(describe(readFlow(flow.id)), describe(flow));
}

TEST_P(Flows, Find_NothingThere_IsAbsentAndNoError) {
  ASSERT_TRUE(succeeds(storage().findFlow("absent")));
  EXPECT_FALSE(storage().findFlow("absent")->has_value());
}

TEST_P(Flows, Create_IdOrStateTaken_IsConflict) {
  const Flow flow = created(aFlow());
  EXPECT_TRUE(failsWith(storage().createFlow(aFlow(flow.id, "another-state")), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().createFlow(aFlow("another-id", flow.stateHash)), ErrorKind::Conflict));
}

// A3
TEST_P(Flows, Consume_FirstTime_ReturnsTheFlowExchanging) {
  Flow flow = created(aFlow());
  const auto consumed = storage().consumeState(flow.stateHash);
  ASSERT_TRUE(succeeds(consumed));
  flow.status = FlowStatus::Exchanging;
  EXPECT_EQ(describe(*consumed), describe(flow));
  EXPECT_EQ(describe(readFlow(flow.id)), describe(flow));
}

TEST_P(Flows, Consume_Again_IsConflict) {
  const Flow flow = created(aFlow());
  ASSERT_TRUE(succeeds(storage().consumeState(flow.stateHash)));
  EXPECT_TRUE(failsWith(storage().consumeState(flow.stateHash), ErrorKind::Conflict));
}

TEST_P(Flows, Consume_UnknownState_IsNotFound) {
  created(aFlow());
  EXPECT_TRUE(failsWith(storage().consumeState("another-state"), ErrorKind::NotFound));
  EXPECT_TRUE(failsWith(storage().consumeState(""), ErrorKind::NotFound));
}

TEST_P(Flows, Consume_ThirtyTwoAtOnce_OneGetsIt) {
  const Flow flow = created(aFlow());
  std::atomic<int> got{0};
  std::atomic<int> conflicts{0};
  together(32, [&](int) {
    const auto consumed = storage().consumeState(flow.stateHash);
    if (consumed.ok()) ++got;
    if (!consumed.ok() && consumed.error().kind == ErrorKind::Conflict) ++conflicts;
  });
  EXPECT_EQ(got, 1);
  EXPECT_EQ(conflicts, 31);
}

TEST_P(Flows, Consume_Expired_IsConsumedToo) {
  const Flow flow = created(aFlow());
  clock.advance(24h);
  EXPECT_TRUE(succeeds(storage().consumeState(flow.stateHash)));
}

TEST_P(Flows, Advance_ToCompleted_ErasesVerifierAndPendingTokens) {
  Flow flow = awaiting();
  flow.status = FlowStatus::Completed;
  flow.confirmationTries = 2;
  ASSERT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::AwaitingConfirmation)));
  flow.pendingTokens.clear();
  EXPECT_EQ(describe(readFlow(flow.id)), describe(flow));
}

TEST_P(Flows, Advance_ToFailed_KeepsTheReason) {
  Flow flow = created(aFlow());
  flow.status = FlowStatus::Failed;
  flow.error = "identity_mismatch";
  flow.account = "b***@company.com";
  flow.pendingTokens = "never-kept";
  ASSERT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::Pending)));
  flow.codeVerifier.clear();
  flow.pendingTokens.clear();
  EXPECT_EQ(describe(readFlow(flow.id)), describe(flow));
}

TEST_P(Flows, Advance_ToAwaitingConfirmation_KeepsPendingTokens) {
  const Flow flow = awaiting();
  EXPECT_EQ(describe(readFlow(flow.id)), describe(flow));
}

TEST_P(Flows, Advance_FromAnotherStatusOrGone_IsConflictAndChangesNothing) {
  Flow flow = created(aFlow());
  const std::string before = describe(flow);
  flow.status = FlowStatus::Completed;
  EXPECT_TRUE(failsWith(storage().advanceFlow(flow, FlowStatus::Exchanging), ErrorKind::Conflict));
  EXPECT_EQ(describe(readFlow(flow.id)), before);
  flow.id = "absent";
  EXPECT_TRUE(failsWith(storage().advanceFlow(flow, FlowStatus::Pending), ErrorKind::Conflict));
}

TEST_P(Flows, Advance_ThirtyTwoFromOneStatus_OneDoesIt) {
  const Flow flow = awaiting();
  std::atomic<int> advanced{0};
  together(32, [&](int) {
    Flow mine = flow;
    mine.status = FlowStatus::Completed;
    if (storage().advanceFlow(mine, FlowStatus::AwaitingConfirmation).ok()) ++advanced;
  });
  EXPECT_EQ(advanced, 1);
}

TEST_P(Flows, CountTry_Awaiting_CountsEveryOneExactly) {
  const Flow flow = awaiting();
  std::array<std::atomic<int>, 9> seen{};
  together(8, [&](int) {
    const auto counted = storage().countConfirmationTry(flow.id);
    if (counted.ok()) ++seen.at(static_cast<std::size_t>(counted->confirmationTries));
  });
  for (std::size_t i = 1; i <= 8; ++i) EXPECT_EQ(seen.at(i), 1) << "try " << i;
  EXPECT_EQ(readFlow(flow.id).confirmationTries, 8);
}

TEST_P(Flows, CountTry_OtherStatusOrGone_IsRefused) {
  const Flow flow = created(aFlow());
  EXPECT_TRUE(failsWith(storage().countConfirmationTry(flow.id), ErrorKind::Conflict));
  EXPECT_TRUE(failsWith(storage().countConfirmationTry("absent"), ErrorKind::NotFound));
}

TEST_P(Flows, Expire_PastTheirTime_FailWithTheReasonAndWithoutSecrets) {
  Flow pending = created(aFlow("pending", "s1"));
  Flow exchanging = created(aFlow("exchanging", "s2"));
  ASSERT_TRUE(succeeds(storage().consumeState("s2")));
  Flow holding = awaiting("holding");
  Flow young = aFlow("young", "s3");
  young.expiresAt = clock.now() + 17min;
  created(young);

  clock.advance(15min);
  const auto expired = storage().expireFlows(clock.now(), "session_expired", 24h, 100);
  ASSERT_TRUE(succeeds(expired));
  ASSERT_EQ(expired->size(), 1U) << "only those with something to revoke are returned";
  EXPECT_EQ(expired->front().id, "holding");
  EXPECT_EQ(expired->front().pendingTokens, "sealed-pending");
  EXPECT_EQ(expired->front().status, FlowStatus::Failed);

  EXPECT_EQ(readFlow("exchanging").status, FlowStatus::Exchanging) << "it may be done any moment";
  clock.advance(1min - 1ms);
  ASSERT_TRUE(succeeds(storage().expireFlows(clock.now(), "session_expired", 24h, 100)));
  EXPECT_EQ(readFlow("exchanging").status, FlowStatus::Exchanging);
  clock.advance(1ms);
  ASSERT_TRUE(succeeds(storage().expireFlows(clock.now(), "session_expired", 24h, 100)));
  for (const char* id : {"pending", "exchanging", "holding"}) {
    const Flow flow = readFlow(id);
    EXPECT_EQ(flow.status, FlowStatus::Failed) << id;
    EXPECT_EQ(flow.error, "session_expired") << id;
    EXPECT_EQ(flow.codeVerifier, "") << id;
    EXPECT_EQ(flow.pendingTokens, "") << id;
  }
  EXPECT_TRUE(storage().expireFlows(clock.now(), "session_expired", 24h, 100)->empty());
}

TEST_P(Flows, Expire_FinishedLongAgo_AreDeleted) {
  Flow flow = created(aFlow());
  flow.status = FlowStatus::Completed;
  ASSERT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::Pending)));
  clock.advance(15min + 24h - 1ms);
  ASSERT_TRUE(succeeds(storage().expireFlows(clock.now(), "session_expired", 24h, 100)));
  EXPECT_EQ(readFlow(flow.id).error, "") << "a completed flow stays completed";
  clock.advance(1ms);
  ASSERT_TRUE(succeeds(storage().expireFlows(clock.now(), "session_expired", 24h, 100)));
  EXPECT_FALSE(storage().findFlow(flow.id)->has_value());
}

TEST_P(Flows, Expire_MoreThanTheLimit_TakesTheRestNextTime) {
  for (int i = 0; i < 5; ++i) awaiting("flow-" + std::to_string(i));
  clock.advance(1h);
  EXPECT_EQ(storage().expireFlows(clock.now(), "session_expired", 24h, 3)->size(), 3U);
  EXPECT_EQ(storage().expireFlows(clock.now(), "session_expired", 24h, 3)->size(), 2U);
}

TEST_P(Flows, Expire_ManyOldOnes_DoNotKeepOthersFromEnding) {
  for (int i = 0; i < 3; ++i) {
    Flow done = created(aFlow("done-" + std::to_string(i), "s" + std::to_string(i)));
    done.status = FlowStatus::Completed;
    ASSERT_TRUE(succeeds(storage().advanceFlow(done, FlowStatus::Pending)));
  }
  clock.advance(48h);
  awaiting("holding");
  clock.advance(1h);
  EXPECT_EQ(storage().expireFlows(clock.now(), "session_expired", 24h, 3)->size(), 1U);
}

TEST_P(Flows, Expire_SeveralReplicas_EachHeldTokenIsReturnedOnce) {
  for (int i = 0; i < 12; ++i) awaiting("flow-" + std::to_string(i));
  clock.advance(1h);
  std::atomic<int> returned{0};
  together(4, [&](int) {
    for (int round = 0; round < 4; ++round) {
      const auto expired = storage().expireFlows(clock.now(), "session_expired", 24h, 5);
      if (expired.ok()) returned += static_cast<int>(expired->size());
    }
  });
  // A replica passes over rows that another one has locked; the next round takes what is left.
  const auto rest = storage().expireFlows(clock.now(), "session_expired", 24h, 100);
  EXPECT_EQ(returned + static_cast<int>(rest->size()), 12);
}

}  // namespace
}  // namespace agw::test
