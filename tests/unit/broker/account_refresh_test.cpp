#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

/// Takes a lease of the grant where one of the account is meant.
class GrantLeaseOnly final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireAccountLease(const std::string& id, const std::string& owner,
                                    std::chrono::milliseconds ttl) override {
    return inner_.acquireLease(id, owner, ttl);
  }
};

// A provider that refreshes one grant of an account at a time; alice has two, under two addresses of hers.
class OneAccount : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    rig.provider->rules.perAccount = true;
    rig.connect();
    const Identity other{"https://issuer.test", "subject-alice", kOther, true};
    ASSERT_EQ(rig.consentAs(other, kOther).status, FlowStatus::Completed);
    rig.clock.advance(3600s);
  }
  static std::string read(TokenService& service, const std::string& profile) {
    return BrokerRig::textOf(service.token(BrokerRig::wish(profile)));
  }
  /// Whether a second refresh began while the first was under way, in one replica or in two.
  bool bothAtOnce(Storage& storage) {
    std::atomic<bool> waited{false};
    std::atomic<bool> ended{false};
    const Pause pause = [&](std::chrono::milliseconds) {
      // The second one waits for the first, whose answer is now set free.
      waited = true;
      rig.provider->release(Call::Refresh);
      while (!ended) std::this_thread::yield();
    };
    auto one = rig.replica("one", &storage, pause);
    auto two = rig.replica("two", &storage, pause);
    rig.provider->hold(Call::Refresh);
    std::thread first([&] {
      served[0] = read(*one, kAlice);
      ended = true;
    });
    rig.provider->awaitHeld(Call::Refresh);
    std::thread second([&] { served[1] = read(GetParam() ? *two : *one, kOther); });
    while (!waited && rig.provider->calls(Call::Refresh) < 2) std::this_thread::yield();
    const bool both = !waited;
    rig.provider->release(Call::Refresh);
    first.join();
    second.join();
    return both;
  }

  static inline const std::string kOther = "alice@other.com";
  BrokerRig rig;
  std::string served[2];
};
INSTANTIATE_TEST_SUITE_P(Replicas, OneAccount, testing::Bool(),
                         [](const auto& which) { return which.param ? "Two" : "One"; });

TEST_P(OneAccount, TwoGrantsWantedAtOnce_AreRefreshedOneAfterTheOther) {
  EXPECT_FALSE(bothAtOnce(*rig.memory));
  EXPECT_EQ(rig.provider->calls(Call::Refresh), 2);
  EXPECT_EQ(served[0], rig.stored(kAlice).access);
  EXPECT_EQ(served[1], rig.stored(kOther).access);
}
TEST_P(OneAccount, WithALeaseForEachGrant_BothRunAtOnce) {
  GrantLeaseOnly spoiled(*rig.memory);
  EXPECT_TRUE(bothAtOnce(spoiled));
}
TEST_P(OneAccount, ProviderThatDoesNotSaySo_RefreshesBothAtOnce) {
  rig.provider->rules.perAccount = false;
  EXPECT_TRUE(bothAtOnce(*rig.memory));
}

}  // namespace
}  // namespace agw::test
