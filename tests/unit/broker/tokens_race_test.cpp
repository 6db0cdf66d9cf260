#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "broker/places.hpp"
#include "support/broker_rig.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

// Several readers, several replicas, one expired grant.
class Race : public testing::Test {
 protected:
  void SetUp() override {
    rig.connect();
    first = rig.stored();
    rig.clock.advance(3600s);
  }
  std::string read(TokenService& service) { return BrokerRig::textOf(service.token(BrokerRig::wish())); }
  int refreshes() { return rig.provider->calls(Call::Refresh); }
  void expectInStep() { EXPECT_EQ(rig.provider->livingPairs(), std::vector{rig.stored()}); }
  // What `count` readers of each service got.
  std::multiset<std::string> readAll(const std::vector<TokenService*>& services, int count) {
    std::vector<std::thread> readers;
    std::mutex mutex;
    std::multiset<std::string> served;
    for (auto* service : services) {
      for (int i = 0; i < count; ++i) {
        readers.emplace_back([&, service] {
          auto token = read(*service);
          const std::lock_guard lock(mutex);
          served.insert(std::move(token));
        });
      }
    }
    rig.provider->awaitHeld(Call::Refresh);
    rig.provider->release(Call::Refresh);
    for (auto& reader : readers) reader.join();
    return served;
  }

  BrokerRig rig;
  FakeProvider::Pair first;
};

// G1, law 3
TEST_F(Race, ManyReadersOneReplica_OneProviderCallAndOneToken) {
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  const auto served = readAll({service.get()}, 50);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(served.count(rig.stored().access), 50U);
  expectInStep();
}
TEST_F(Race, ManyReadersTwoReplicas_OneProviderCallAndOneToken) {
  auto settings = BrokerRig::settings("two");
  settings.waitForRefresh = 1'000'000h;
  auto one = rig.replica("one");
  auto two = rig.replica(settings);
  rig.provider->hold(Call::Refresh);
  const auto served = readAll({one.get(), two.get()}, 25);
  EXPECT_EQ(refreshes(), 1);
  // A reader whose replica waited for the other longer than it may is told to come again; with this limit
  // none is.
  EXPECT_EQ(served.count(rig.stored().access), 50U);
  expectInStep();
}
TEST_F(Race, ReplicaThatFindsAnotherAtWork_WaitsAndServesItsToken) {
  auto one = rig.replica("one");
  rig.provider->hold(Call::Refresh);
  std::string servedByOne;
  std::thread holder([&] { servedByOne = read(*one); });
  rig.provider->awaitHeld(Call::Refresh);
  int pauses = 0;
  auto two = rig.replica("two", nullptr, [&](std::chrono::milliseconds) {
    if (++pauses != 3) return;
    rig.provider->release(Call::Refresh);
    holder.join();
  });
  EXPECT_EQ(read(*two), servedByOne);
  EXPECT_EQ(pauses, 3);
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Race, HolderFails_TheWaitingReplicaRespectsItsBackOff) {
  auto one = rig.replica("one");
  rig.provider->failNext(Call::Refresh, {.kind = ErrorKind::RateLimited, .message = "no", .retryAfter = 60s});
  rig.provider->hold(Call::Refresh);
  std::thread holder([&] { read(*one); });
  rig.provider->awaitHeld(Call::Refresh);
  bool released = false;
  auto two = rig.replica("two", nullptr, [&](std::chrono::milliseconds) {
    if (std::exchange(released, true)) return;
    rig.provider->release(Call::Refresh);
    holder.join();
  });
  const auto answer = two->token(BrokerRig::wish());
  EXPECT_EQ(answer.error().code, "provider_unavailable");
  EXPECT_EQ(answer.error().retryAfter, 60s);
  EXPECT_EQ(refreshes(), 1);
}
TEST_F(Race, HolderNeverEnds_TheWaitIsBoundedAndSpendsNothing) {
  ASSERT_TRUE(rig.memory->acquireLease(rig.row()->id, "elsewhere", 1h).ok());
  std::chrono::milliseconds waited{0};
  auto service = rig.replica("two", nullptr, [&](std::chrono::milliseconds time) { waited += time; });
  const auto answer = service->token(BrokerRig::wish());
  EXPECT_EQ(answer.error().code, "unavailable");
  EXPECT_GT(answer.error().retryAfter, 0s);
  EXPECT_GE(waited, 15s);
  EXPECT_LT(waited, 16s);
  EXPECT_EQ(refreshes(), 0);
}
// G11
TEST_F(Race, MoreWaitersThanAllowed_AreToldToComeAgain) {
  auto settings = BrokerRig::settings("one");
  settings.maxWaiters = 0;
  auto service = rig.replica(settings);
  rig.provider->hold(Call::Refresh);
  std::thread leader([&] { read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  EXPECT_EQ(read(*service), "error unavailable");
  rig.provider->release(Call::Refresh);
  leader.join();
  expectInStep();
}

// Law 2: another grant's refresh that hangs keeps nobody else waiting.
TEST_F(Race, ProviderHangsForOneGrant_OthersAreServed) {
  ASSERT_EQ(rig.consentAs({"https://issuer.test", "subject-bob", "bob@x.com", true}, "bob@x.com").status,
            FlowStatus::Completed);
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  std::thread hanging([&] { read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  EXPECT_TRUE(service->token(BrokerRig::wish("bob@x.com")).ok());
  rig.provider->release(Call::Refresh);
  hanging.join();
}

// G2: the process dies between the provider's answer and the store.
class Crash : public Race {
 protected:
  void crashAfterTheAnswer() {
    class Dies final : public StorageDecorator {
     public:
      using StorageDecorator::StorageDecorator;
      Result<Version> replaceTokens(const std::string&, Version, const SealedTokens&) override {
        return away();
      }
      static Error away() { return {.kind = ErrorKind::Transient, .message = "dead"}; }
    } dies(*rig.memory);
    auto service = rig.replica("one", &dies);
    EXPECT_TRUE(service->token(BrokerRig::wish()).ok());
    service.reset();
    ASSERT_EQ(rig.stored(), first);
    ASSERT_EQ(rig.row()->openIntents, 1);
    rig.clock.advance(15s);
  }
};
TEST_F(Crash, WithGrace_TheOldRefreshTokenIsTriedOnceAndTheGrantLives) {
  rig.provider->rules.grace = true;
  crashAfterTheAnswer();
  auto service = rig.replica("two");
  const auto served = read(*service);
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(refreshes(), 2);
  expectInStep();
}
TEST_F(Crash, WithoutGrace_TheGrantSaysThatConsentIsNeededAndWhy) {
  crashAfterTheAnswer();
  auto service = rig.replica("two");
  EXPECT_EQ(read(*service), "error refresh_failed");
  EXPECT_EQ(read(*service), "error refresh_failed");
  EXPECT_EQ(refreshes(), 2);
  EXPECT_EQ(rig.row()->lastError, "refresh_interrupted");
}

// G3: a holder is paused past its lease and another refreshes too. The provider has a period of grace, so
// both got a pair; the one that was issued last must be stored, whoever stores first.
TEST_F(Race, HolderThatWakesUpLate_DoesNotKeepTheNewerPairOut) {
  rig.provider->rules.grace = true;
  auto paused = rig.replica("paused");
  rig.provider->hold(Call::Refresh);
  std::string late;
  std::thread holder([&] { late = read(*paused); });
  rig.provider->awaitHeld(Call::Refresh);
  rig.clock.advance(16s);
  auto other = rig.replica("other");
  std::string served;
  std::thread second([&] { served = read(*other); });
  rig.provider->awaitHeld(Call::Refresh, 2);
  rig.provider->release(Call::Refresh);
  holder.join();
  second.join();
  EXPECT_TRUE(rig.provider->lives(late));
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_TRUE(rig.provider->lives(rig.stored().refresh));
}
// G3 with strict rotation: the late one's token is dead, the other's answer is served (law 5).
TEST_F(Race, HolderWhoseTokenWasSpentByAnother_ServesTheOthersToken) {
  class Paused final : public StorageDecorator {
   public:
    Paused(Storage& inner, std::function<void()> sleep) : StorageDecorator(inner), sleep_(std::move(sleep)) {}
    Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                               std::chrono::milliseconds ttl) override {
      auto grant = inner_.acquireLease(id, owner, ttl);
      if (sleep_) std::exchange(sleep_, nullptr)();
      return grant;
    }
    std::function<void()> sleep_;
  };
  rig.provider->rules.endsFamilyOnReuse = false;
  auto other = rig.replica("other");
  std::string served;
  Paused storage(*rig.memory, [&] {
    rig.clock.advance(60s);
    served = read(*other);
  });
  auto paused = rig.replica("paused", &storage);
  EXPECT_EQ(read(*paused), served);
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(rig.row()->status, GrantStatus::Active);
  expectInStep();
}

// G4, law 5
TEST_F(Race, DeadAnswerThoughTheStoredTokenChanged_IsNoDeadGrant) {
  class LockLess final : public StorageDecorator {
   public:
    LockLess(Storage& inner, std::function<void()> meanwhile)
        : StorageDecorator(inner), meanwhile_(std::move(meanwhile)) {}
    Result<Grant> acquireLease(const std::string& id, const std::string& owner,
                               std::chrono::milliseconds ttl) override {
      auto grant = inner_.acquireLease(id, owner, ttl);
      if (meanwhile_) {
        // As if there were no lease: another refreshes with the same token.
        EXPECT_TRUE(inner_.endRefresh(id, {owner, grant->fence}, 0, {}).ok());
        std::exchange(meanwhile_, nullptr)();
      }
      return grant;
    }
    std::function<void()> meanwhile_;
  };
  rig.provider->rules.endsFamilyOnReuse = false;
  auto other = rig.replica("other");
  LockLess storage(*rig.memory, [&] { read(*other); });
  auto service = rig.replica("one", &storage);
  const auto served = read(*service);
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(rig.row()->status, GrantStatus::Active);
  EXPECT_EQ(refreshes(), 2);
}

// G5, law 8
TEST_F(Race, RevokedWhileTheAnswerIsHeld_NothingIsStoredAndBothPairsAreRevoked) {
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  std::string served;
  std::thread reader([&] { served = read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  ASSERT_TRUE(rig.revoke.revoke("fake", kAlice, "key", "r").ok());
  rig.provider->release(Call::Refresh);
  reader.join();
  EXPECT_EQ(served, "error not_authenticated");
  EXPECT_FALSE(rig.row());
  EXPECT_TRUE(rig.provider->livingPairs().empty());
  EXPECT_EQ(read(*rig.replica("two")), "error not_authenticated");
  EXPECT_EQ(rig.queuedRevocations(), 0U);
}
TEST_F(Race, ConsentWhileTheAnswerIsHeld_TheNewGrantWins) {
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  std::string served;
  std::thread reader([&] { served = read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  rig.connect();
  const auto consented = rig.stored();
  rig.provider->release(Call::Refresh);
  reader.join();
  EXPECT_EQ(served, consented.access);
  EXPECT_EQ(rig.stored(), consented);
}

// F6: key rotation seals the spent pair anew between answer and store.
TEST_F(Race, ReencryptedWhileTheAnswerIsHeld_TheRotatedPairIsStored) {
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  std::string served;
  std::thread reader([&] { served = read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  rig.clock.advance(16s);  // rotation leaves a row alone while it is leased
  const auto sealedRows = rig.memory->sealedRows("", "", 10);
  for (auto row : *sealedRows) {
    if (row.table != "oauth_credentials") continue;
    for (auto& field : row.fields) {
      const auto plain = rig.vault.open(placeOf(row, field), field.text);
      field.text = *rig.vault.seal(placeOf(row, field), *plain);
    }
    ASSERT_TRUE(rig.memory->replaceSealed(row).ok());
  }
  rig.provider->release(Call::Refresh);
  reader.join();
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(refreshes(), 1);
  expectInStep();
}
TEST_F(Race, ReencryptedWhileTheDeadAnswerIsHeld_TheGrantStillDies) {
  auto service = rig.replica();
  rig.provider->failNext(Call::Refresh, deadGrant());
  rig.provider->hold(Call::Refresh);
  std::string served;
  std::thread reader([&] { served = read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  rig.clock.advance(16s);
  auto sealed = *sealTokens(rig.vault, *rig.row(), *openTokens(rig.vault, *rig.row()));
  SealedRow row{"oauth_credentials",
                rig.row()->id,
                "fake",
                kAlice,
                rig.row()->version,
                {{std::string(column::kRefreshToken), sealed.refreshToken}}};
  ASSERT_TRUE(rig.memory->replaceSealed(row).ok());
  rig.provider->release(Call::Refresh);
  reader.join();
  EXPECT_EQ(served, "error refresh_failed");
  EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
}

// The write was carried out, its answer lost.
TEST_F(Race, AnswerToTheWriteLost_ThePairIsNotWrittenTwice) {
  class LosesAnswer final : public StorageDecorator {
   public:
    using StorageDecorator::StorageDecorator;
    Result<Version> replaceTokens(const std::string& id, Version seen, const SealedTokens& tokens) override {
      auto written = inner_.replaceTokens(id, seen, tokens);
      if (std::exchange(lost_, true)) return written;
      return Error{.kind = ErrorKind::Transient, .message = "lost"};
    }
    bool lost_ = false;
  } storage(*rig.memory);
  auto service = rig.replica("one", &storage);
  const auto served = read(*service);
  EXPECT_TRUE(service->drain(10s));
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(rig.row()->version, 2);
  expectInStep();
}

// H6
TEST_F(Race, OrderlyEnd_WaitsForTheRefreshInFlight) {
  auto service = rig.replica();
  rig.provider->hold(Call::Refresh);
  std::string served;
  std::thread reader([&] { served = read(*service); });
  rig.provider->awaitHeld(Call::Refresh);
  EXPECT_FALSE(service->drain(0ms));
  rig.provider->release(Call::Refresh);
  EXPECT_TRUE(service->drain(20s));
  reader.join();
  EXPECT_EQ(served, rig.stored().access);
}

}  // namespace
}  // namespace agw::test
