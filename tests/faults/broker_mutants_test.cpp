// The guards of the token engine, each taken out: the scenario that shows the guard must notice. A scenario
// answers whether its promise held; with the guard in place it holds, without it, it does not.

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>

#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

std::string read(TokenService& service) {
  return BrokerRig::textOf(service.token(BrokerRig::wish()));
}

/// Writes tokens whatever the version is.
class NoVersionCheck final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Version> replaceTokens(const std::string& id, Version, const SealedTokens& tokens) override {
    const auto row = inner_.findGrantById(id);
    return inner_.replaceTokens(id, *row ? (*row)->version : 0, tokens);
  }
};

/// Gives everybody a lease.
class NoLease final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    auto grant = inner_.acquireLease(id, owner, ttl);
    if (!grant) return grant;
    EXPECT_TRUE(inner_.endRefresh(id, {owner, grant->fence}, 0, {}).ok());
    return grant;
  }
};

/// Lets everybody ask about a device at once.
class NoClaim final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<std::vector<Flow>> claimDevicePolls(TimePoint now, std::chrono::seconds claim, int limit) override {
    auto claimed = inner_.claimDevicePolls(now, claim, limit);
    for (const auto& flow : *claimed)
      EXPECT_TRUE(inner_.scheduleDevicePoll(flow.id, now, flow.pollInterval).ok());
    return claimed;
  }
};

/// Whoever holds a lease believes what it saw and wrote: neither a second look nor the end of the lease shows
/// what others did.
class NoSecondLook final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                             std::chrono::milliseconds ttl) override {
    auto grant = inner_.acquireLease(id, owner, ttl);
    if (grant) first_ = *grant;
    return grant;
  }
  Result<std::optional<Grant>> findGrantById(const std::string&) override { return first_; }
  Result<void> endRefresh(const std::string&, const Lease&, Version, const RefreshFailure& failure) override {
    if (failure.dead) first_->status = GrantStatus::NeedsConsent;
    return {};
  }
  std::optional<Grant> first_;
};

/// A consent while a refresh is in flight must not be overwritten by the late answer.
bool consentSurvivesALateAnswer(const std::function<Storage&(Storage&)>& spoil) {
  BrokerRig rig;
  rig.connect();
  rig.clock.advance(3600s);
  auto service = rig.replica("one", &spoil(*rig.memory));
  rig.provider->hold(Call::Refresh);
  std::thread reader([&] { read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  rig.connect();
  const auto consented = rig.stored();
  rig.provider->release(Call::Refresh);
  reader.join();
  return rig.stored() == consented;
}

/// Two replicas with one expired grant ask the provider once.
bool oneRotationForTwoReplicas(const std::function<Storage&(Storage&)>& spoil) {
  BrokerRig rig;
  rig.connect();
  rig.clock.advance(3600s);
  Storage& storage = spoil(*rig.memory);
  auto one = rig.replica("one", &storage);
  rig.provider->hold(Call::Refresh);
  std::thread holder([&] { read(*one); });
  rig.provider->awaitHeld(Call::Refresh);
  auto two =
      rig.replica("two", &storage, [&](std::chrono::milliseconds) { rig.provider->release(Call::Refresh); });
  std::thread other([&] { read(*two); });
  // Either it waits for the first, whose answer its pause sets free, or it calls the provider itself.
  while (rig.provider->isHeld(Call::Refresh)) {
    if (rig.provider->calls(Call::Refresh) > 1) rig.provider->release(Call::Refresh);
    std::this_thread::yield();
  }
  holder.join();
  other.join();
  return rig.provider->calls(Call::Refresh) == 1;
}

/// Another one's rotation, found out by a dead answer, is no dead grant.
bool othersRotationIsNoDeath(const std::function<Storage&(Storage&)>& spoil) {
  BrokerRig rig;
  rig.connect();
  rig.provider->rules.endsFamilyOnReuse = false;
  rig.clock.advance(3600s);
  class Meanwhile final : public StorageDecorator {
   public:
    Meanwhile(Storage& inner, std::function<void(const std::string&, const Lease&)> act)
        : StorageDecorator(inner), act_(std::move(act)) {}
    Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                               std::chrono::milliseconds ttl) override {
      auto grant = inner_.acquireLease(id, owner, ttl);
      if (auto act = std::exchange(act_, nullptr)) act(id, {owner, grant->fence});
      return grant;
    }
    std::function<void(const std::string&, const Lease&)> act_;
  };
  auto other = rig.replica("other", rig.memory.get());
  Meanwhile storage(spoil(*rig.memory), [&](const std::string& id, const Lease& lease) {
    EXPECT_TRUE(rig.memory->endRefresh(id, lease, 0, {}).ok());  // the first one loses its lease unawares
    read(*other);
  });
  auto service = rig.replica("unaware", &storage);
  const auto served = read(*service);
  return served == rig.stored().access;
}

/// A victim who consents through an attacker's link gives the attacker nothing.
bool forwardedLinkGivesNothing(std::optional<IdentityPolicy> policy) {
  BrokerRig rig;
  rig.provider->configuration.identity = policy;
  rig.consentAs(alice(), "mallory@x.com");
  auto service = rig.replica();
  return !service->token(BrokerRig::wish("mallory@x.com")).ok() && rig.provider->livingPairs().empty();
}

/// The same by the code of the attacker's device.
bool forwardedCodeGivesNothing(std::optional<IdentityPolicy> policy) {
  BrokerRig rig;
  rig.provider->abilities.device = true;
  rig.provider->configuration.identity = policy;
  const auto devices = rig.deviceReplica();
  const auto begun = devices->begin({"fake", "mallory@x.com", {}, {}, "r"}, rig.caller);
  rig.provider->approveDevice(begun->userCode, alice());
  rig.clock.advance(5s);
  (void)devices->poll();
  EXPECT_TRUE(devices->drain(20s));
  auto service = rig.replica();
  return !service->token(BrokerRig::wish("mallory@x.com")).ok() && rig.provider->livingPairs().empty();
}

/// Two replicas ask about one device: the provider hears one question.
bool oneQuestionForTwoReplicas(const std::function<Storage&(Storage&)>& spoil) {
  BrokerRig rig;
  rig.provider->abilities.device = true;
  Storage& storage = spoil(*rig.memory);
  const auto first = rig.deviceReplica(&storage);
  const auto second = rig.deviceReplica(&storage);
  (void)first->begin({"fake", kAlice, {}, {}, "r"}, rig.caller);
  rig.clock.advance(5s);
  rig.provider->hold(Call::PollDevice);
  (void)first->poll();
  rig.provider->awaitHeld(Call::PollDevice);
  (void)second->poll();
  rig.provider->release(Call::PollDevice);
  EXPECT_TRUE(first->drain(20s) && second->drain(20s));
  return rig.provider->calls(Call::PollDevice) == 1;
}

template <class Mutant>
std::function<Storage&(Storage&)> spoiledBy(std::unique_ptr<Storage>& keeper) {
  return [&keeper](Storage& inner) -> Storage& {
    keeper = std::make_unique<Mutant>(inner);
    return *keeper;
  };
}

class Mutants : public testing::Test {
 protected:
  std::unique_ptr<Storage> keeper;
  std::function<Storage&(Storage&)> sound = [](Storage& inner) -> Storage& { return inner; };
};

TEST_F(Mutants, WithoutVersionCheck_ALateAnswerOverwritesAConsent) {
  EXPECT_TRUE(consentSurvivesALateAnswer(sound));
  EXPECT_FALSE(consentSurvivesALateAnswer(spoiledBy<NoVersionCheck>(keeper)));
}
TEST_F(Mutants, WithoutLease_TwoReplicasSpendTheTokenTwice) {
  EXPECT_TRUE(oneRotationForTwoReplicas(sound));
  EXPECT_FALSE(oneRotationForTwoReplicas(spoiledBy<NoLease>(keeper)));
}
TEST_F(Mutants, WithoutSecondLook_AnothersRotationIsTakenForDeath) {
  EXPECT_TRUE(othersRotationIsNoDeath(sound));
  EXPECT_FALSE(othersRotationIsNoDeath(spoiledBy<NoSecondLook>(keeper)));
}
TEST_F(Mutants, WithoutIdentityCheck_AForwardedLinkGivesTheAttackerTheVictimsToken) {
  EXPECT_TRUE(forwardedLinkGivesNothing(std::nullopt));
  EXPECT_TRUE(forwardedLinkGivesNothing(IdentityPolicy::Match));
  EXPECT_FALSE(forwardedLinkGivesNothing(IdentityPolicy::None));
}

TEST_F(Mutants, WithoutIdentityCheck_AForwardedDeviceCodeGivesTheAttackerTheVictimsToken) {
  EXPECT_TRUE(forwardedCodeGivesNothing(std::nullopt));
  EXPECT_FALSE(forwardedCodeGivesNothing(IdentityPolicy::None));
}
TEST_F(Mutants, WithoutClaim_TwoReplicasPollOneDevice) {
  EXPECT_TRUE(oneQuestionForTwoReplicas(sound));
  EXPECT_FALSE(oneQuestionForTwoReplicas(spoiledBy<NoClaim>(keeper)));
}

}  // namespace
}  // namespace agw::test
