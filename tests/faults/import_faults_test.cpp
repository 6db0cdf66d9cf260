#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;
using When = FaultyStorage::When;

/// Whether the provider gives a successor at the check.
class ImportFaults : public testing::TestWithParam<bool> {
 protected:
  struct Setting {
    BrokerRig rig;
    std::string offered;
  };
  static std::unique_ptr<Setting> prepared() {
    auto setting = std::make_unique<Setting>();
    setting->rig.provider->rules.rotates = GetParam();
    setting->offered = setting->rig.keptElsewhere();
    return setting;
  }
  static void recover(BrokerRig& rig) {
    rig.storage.failCall(0);
    for (const auto call : {Call::Refresh, Call::Revoke, Call::Identify}) rig.provider->recover(call);
    rig.clock.advance(30s);
    rig.imports.settle();
    rig.clock.advance(60s);  // a queued revocation is its writer's for so long
    EXPECT_TRUE(rig.revoke.retryPending().ok());
  }
  /// Whatever happened, the person's grant lives, and importing the file once more leads to it.
  static void expectNothingLost(Setting& setting) {
    auto& rig = setting.rig;
    const auto again = rig.importToken(setting.offered);
    EXPECT_TRUE(again.ok() || again.error().code == "conflict") << again.error().message;
    ASSERT_TRUE(rig.row());
    EXPECT_EQ(rig.row()->status, GrantStatus::Active);
    ASSERT_EQ(rig.provider->livingPairs().size(), 1U);
    EXPECT_EQ(rig.stored().refresh,
              GetParam() ? rig.provider->livingPairs().front().refresh : setting.offered);
    EXPECT_TRUE(rig.provider->lives(rig.stored().access));
    EXPECT_EQ(rig.queuedRevocations(), 0U);
    for (const auto& line : rig.log.lines()) EXPECT_EQ(line.find("CANARY"), std::string::npos) << line;
  }
};

TEST_P(ImportFaults, NthStorageCallFails_NothingIsLost) {
  for (const auto when : {When::Before, When::After}) {
    bool hit = true;
    for (int call = 1; hit; ++call) {
      ASSERT_LT(call, 100);
      SCOPED_TRACE("storage call " + std::to_string(call) +
                   (when == When::Before ? " not carried out" : " with its answer lost"));
      const auto setting = prepared();
      setting->rig.storage.failCall(call, when);
      (void)setting->rig.importToken(setting->offered);
      hit = setting->rig.storage.failed();
      recover(setting->rig);
      expectNothingLost(*setting);
    }
  }
}

TEST_P(ImportFaults, StoreGoesAwayAtTheNthCallAndComesBack_NothingIsLost) {
  bool hit = true;
  for (int call = 1; hit; ++call) {
    ASSERT_LT(call, 100);
    SCOPED_TRACE("store away from call " + std::to_string(call));
    const auto setting = prepared();
    setting->rig.storage.failFrom(call);
    (void)setting->rig.importToken(setting->offered);
    hit = setting->rig.storage.failed();
    recover(setting->rig);
    expectNothingLost(*setting);
  }
}

TEST_P(ImportFaults, ProviderCallFailsWithoutEffect_NothingIsLost) {
  for (const auto call : {Call::Refresh, Call::Identify}) {
    for (const auto& error : {timedOut(), notReached(), Error{.kind = ErrorKind::Malformed, .message = "odd"},
                              Error{.kind = ErrorKind::BadClient, .message = "odd"}}) {
      SCOPED_TRACE("provider call " + std::to_string(static_cast<int>(call)) + ", " + toString(error.kind));
      const auto setting = prepared();
      setting->rig.provider->failNext(call, error);
      EXPECT_FALSE(setting->rig.importToken(setting->offered).ok());
      EXPECT_FALSE(setting->rig.row());
      recover(setting->rig);
      expectNothingLost(*setting);
    }
  }
}

TEST_P(ImportFaults, AnothersTokenWhileCallsFail_IsNeverStored) {
  for (int call = 1; call < 12; ++call) {
    SCOPED_TRACE("storage call " + std::to_string(call));
    Setting setting;
    setting.rig.provider->rules.rotates = GetParam();
    setting.offered = setting.rig.keptElsewhere(mallory());
    setting.rig.storage.failCall(call);
    (void)setting.rig.importToken(setting.offered);
    recover(setting.rig);
    (void)setting.rig.importToken(setting.offered);
    EXPECT_FALSE(setting.rig.row());
    EXPECT_EQ(setting.rig.queuedRevocations(), 0U);
    EXPECT_EQ(setting.rig.provider->livingPairs().empty(), GetParam()) << "a successor must not live on";
  }
}

INSTANTIATE_TEST_SUITE_P(Successor, ImportFaults, testing::Bool());

}  // namespace
}  // namespace agw::test
