#include <set>

#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

// Flows of devices: a poll is claimed, so that one replica asks at a time.
class Devices : public StorageContract {
 protected:
  Flow aDevice(const std::string& id) const {
    Flow flow = aFlow(id, "state-" + id);
    flow.codeVerifier.clear();
    flow.deviceCode = "sealed-device-code";
    flow.pollInterval = 5s;
    flow.pollAt = clock.now() + 5s;
    return flow;
  }
  Flow created(const Flow& flow) {
    EXPECT_TRUE(succeeds(storage().createFlow(flow)));
    return flow;
  }
  Flow readFlow(const std::string& id) { return storage().findFlow(id)->value(); }
  std::set<std::string> claim(int limit = 10) {
    const auto claimed = storage().claimDevicePolls(clock.now(), 30s, limit);
    EXPECT_TRUE(succeeds(claimed));
    std::set<std::string> ids;
    for (const auto& flow : *claimed) ids.insert(flow.id);
    return ids;
  }
  using Ids = std::set<std::string>;
};
AGW_FOR_EVERY_STORAGE(Devices);

TEST_P(Devices, Create_ReadsBackWithEveryField) {
  const Flow flow = created(aDevice("d1"));
  EXPECT_EQ(describe(readFlow("d1")), describe(flow));
}

TEST_P(Devices, Claim_BeforeItsTimeOrOfABrowsersFlow_IsNothing) {
  created(aDevice("d1"));
  created(aFlow());
  clock.advance(4'999ms);
  EXPECT_EQ(claim(), Ids{});
}

TEST_P(Devices, Claim_DueFlow_ReturnsItAsItIsThen) {
  Flow flow = created(aDevice("d1"));
  clock.advance(5s);
  const auto claimed = storage().claimDevicePolls(clock.now(), 30s, 10);
  ASSERT_TRUE(succeeds(claimed));
  ASSERT_EQ(claimed->size(), 1U);
  flow.pollAt = clock.now() + 30s;
  EXPECT_EQ(describe(claimed->front()), describe(flow));
  EXPECT_EQ(describe(readFlow("d1")), describe(flow));
}

TEST_P(Devices, Claim_Claimed_IsNobodyElsesUntilTheClaimIsOver) {
  created(aDevice("d1"));
  clock.advance(5s);
  EXPECT_EQ(claim(), Ids{"d1"});
  clock.advance(29'999ms);
  EXPECT_EQ(claim(), Ids{});
  clock.advance(1ms);
  EXPECT_EQ(claim(), Ids{"d1"}) << "whoever held it is gone";
}

TEST_P(Devices, Claim_MoreThanTheLimit_TakesThoseThatAreLongestDue) {
  for (const char* id : {"d3", "d1", "d2"}) {
    created(aDevice(id));
    clock.advance(1s);
  }
  clock.advance(10s);
  EXPECT_EQ(claim(2), (Ids{"d1", "d3"}));
  EXPECT_EQ(claim(2), Ids{"d2"});
}

TEST_P(Devices, Claim_FlowPastItsTime_IsNothing) {
  created(aDevice("d1"));
  clock.advance(15min);
  EXPECT_EQ(claim(), Ids{});
}

TEST_P(Devices, Claim_ByManyAtOnce_EachFlowOnce) {
  for (int i = 0; i < 20; ++i) created(aDevice("d" + std::to_string(10 + i)));
  clock.advance(5s);
  std::atomic<int> taken{0};
  together(4, [&](int) {
    for (int round = 0; round < 10; ++round) {
      const auto claimed = storage().claimDevicePolls(clock.now(), 30s, 3);
      if (claimed) taken += static_cast<int>(claimed->size());
    }
  });
  EXPECT_EQ(taken, 20);
}

TEST_P(Devices, Schedule_SetsTheNextPollAndTheInterval) {
  created(aDevice("d1"));
  clock.advance(5s);
  ASSERT_EQ(claim(), Ids{"d1"});
  ASSERT_TRUE(succeeds(storage().scheduleDevicePoll("d1", clock.now() + 10s, 10s)));
  EXPECT_EQ(readFlow("d1").pollInterval, 10s);
  clock.advance(10s);
  EXPECT_EQ(claim(), Ids{"d1"});
}

TEST_P(Devices, Schedule_FlowThatIsDecidedOrGone_ChangesNothing) {
  Flow flow = created(aDevice("d1"));
  flow.status = FlowStatus::Exchanging;
  ASSERT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::Pending)));
  const auto before = describe(readFlow("d1"));
  EXPECT_TRUE(succeeds(storage().scheduleDevicePoll("d1", clock.now(), 10s)));
  EXPECT_TRUE(succeeds(storage().scheduleDevicePoll("absent", clock.now(), 10s)));
  EXPECT_EQ(describe(readFlow("d1")), before);
}

TEST_P(Devices, Advance_Decided_ErasesTheDeviceCodeAndEndsThePolls) {
  for (const auto to : {FlowStatus::Exchanging, FlowStatus::Completed, FlowStatus::Failed}) {
    const auto id = "d" + std::to_string(static_cast<int>(to));
    Flow flow = created(aDevice(id));
    flow.status = to;
    ASSERT_TRUE(succeeds(storage().advanceFlow(flow, FlowStatus::Pending)));
    EXPECT_TRUE(failsWith(storage().advanceFlow(flow, FlowStatus::Pending), ErrorKind::Conflict));
    EXPECT_EQ(readFlow(id).deviceCode, "");
    EXPECT_FALSE(readFlow(id).pollAt);
  }
  clock.advance(5s);
  EXPECT_EQ(claim(), Ids{});
}

TEST_P(Devices, Expire_PastItsTime_ErasesTheDeviceCode) {
  created(aDevice("d1"));
  clock.advance(15min);
  ASSERT_TRUE(succeeds(storage().expireFlows(clock.now(), "over", 24h, 10)));
  EXPECT_EQ(readFlow("d1").status, FlowStatus::Failed);
  EXPECT_EQ(readFlow("d1").deviceCode, "");
}

// F6
TEST_P(Devices, KeyRotation_FindsAndReplacesTheDeviceCode) {
  created(aDevice("d1"));
  auto rows = storage().sealedRows("", "", 10);
  ASSERT_TRUE(succeeds(rows));
  ASSERT_EQ(rows->size(), 1U);
  SealedRow& row = rows->front();
  EXPECT_EQ(row.table + " " + row.provider + " " + row.owner, "oauth_sessions example alice@company.com");
  ASSERT_EQ(row.fields.size(), 1U);
  EXPECT_EQ(row.fields[0].column + "=" + row.fields[0].text, "device_code=sealed-device-code");
  row.fields[0].text = "sealed-anew";
  ASSERT_TRUE(succeeds(storage().replaceSealed(row)));
  EXPECT_EQ(readFlow("d1").deviceCode, "sealed-anew");
}

}  // namespace
}  // namespace agw::test
