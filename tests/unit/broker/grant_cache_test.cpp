#include "broker/grant_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "storage/open.hpp"
#include "support/fakes.hpp"
#include "support/recorded_metrics.hpp"
#include "support/storage_decorator.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

/// Counts reads, lets something happen in the middle of one, and hears of others' writes or not.
class Watched final : public StorageDecorator {
 public:
  using StorageDecorator::StorageDecorator;
  Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string& profile) override {
    ++reads;
    auto row = inner_.findGrant(provider, profile);
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return row;
  }
  void listen(GrantListener& listener) override {
    listener_ = &listener;
    inner_.listen(listener);
  }
  [[nodiscard]] bool tellsOthersWrites() const override { return hears; }
  void hearAgain() {
    listener_->grantsChanged();
    hears = true;
  }

  std::atomic<int> reads{0};
  std::atomic<bool> hears{true};
  std::function<void()> meanwhile;  ///< after the row was read, before the reader has it

 private:
  GrantListener* listener_ = nullptr;
};

class GrantCacheTest : public testing::Test {
 protected:
  Grant grant(const std::string& profile = "alice@x.com", const std::string& provider = "fake") const {
    Grant grant;
    grant.id = "id-of-" + profile + "-" + provider;
    grant.profile = profile;
    grant.provider = provider;
    grant.tokens.accessToken = "sealed-1";
    grant.tokens.issuedAt = clock.now();
    return grant;
  }
  void put(const Grant& grant) { ASSERT_TRUE(memory->putGrant(grant, 0).ok()); }
  void replace(const Grant& grant, const std::string& token, Version seen = 1) {
    auto tokens = grant.tokens;
    tokens.accessToken = token;
    ASSERT_TRUE(memory->replaceTokens(grant.id, seen, tokens).ok());
  }
  /// As a reader does it: from memory, or the row.
  std::string read(const std::string& profile = "alice@x.com", const std::string& provider = "fake") {
    auto copy = cache.kept(provider, profile);
    if (!copy) {
      const auto row = cache.read(provider, profile);
      if (!row) return "error";
      copy = *row;
    }
    return copy ? copy->tokens.accessToken : "none";
  }
  bool inMemory(const std::string& profile = "alice@x.com", const std::string& provider = "fake") {
    return cache.kept(provider, profile) != nullptr;
  }
  double counted(const char* outcome) {
    return metrics.value("auth_gateway_cache_reads_total", {{"outcome", outcome}});
  }

  FakeClock clock;
  std::unique_ptr<Storage> memory = makeMemoryStorage(clock);
  Watched storage{*memory};
  RecordedMetrics metrics;
  GrantCache cache{{storage, clock, metrics, 1'000}};
};

TEST_F(GrantCacheTest, SecondRead_ComesFromMemoryAndIsTheRowAsStored) {
  put(grant());
  EXPECT_EQ(read(), "sealed-1");
  EXPECT_EQ(read(), "sealed-1");
  EXPECT_EQ(storage.reads, 1);
  EXPECT_EQ(counted("hit"), 1);
  EXPECT_EQ(counted("miss"), 1);
  EXPECT_EQ(metrics.value("auth_gateway_cache_grants"), 1);
}

TEST_F(GrantCacheTest, Absence_IsNotRemembered) {
  EXPECT_EQ(read(), "none");
  put(grant());
  EXPECT_EQ(read(), "sealed-1");
}

// F5: what two owners have in common is not what they are found by.
TEST_F(GrantCacheTest, OwnersThatLookAlike_GetTheirOwnRows) {
  const std::vector<std::pair<std::string, std::string>> owners = {
      {"alice@x.com", "fake"}, {"alice@x.com", "fak"}, {"alice@x.co", "mfake"}, {"fake", "alice@x.com"}};
  for (const auto& [profile, provider] : owners) {
    auto row = grant(profile, provider);
    row.tokens.accessToken = "of " + profile + " at " + provider;
    put(row);
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& [profile, provider] : owners)
      EXPECT_EQ(read(profile, provider), "of " + profile + " at " + provider);
  }
}

TEST_F(GrantCacheTest, RowOfAnotherOwner_IsNotKept) {
  class Mixed final : public StorageDecorator {
   public:
    using StorageDecorator::StorageDecorator;
    Result<std::optional<Grant>> findGrant(const std::string& provider, const std::string&) override {
      return inner_.findGrant(provider, "alice@x.com");
    }
  } mixed(*memory);
  put(grant());
  GrantCache over({mixed, clock, metrics, 1'000});
  ASSERT_TRUE(over.read("fake", "bob@x.com").ok());
  EXPECT_EQ(over.kept("fake", "bob@x.com"), nullptr);
  EXPECT_EQ(over.kept("fake", "alice@x.com"), nullptr);
}

// Law 8: every write that ends or changes a grant ends its copy, before the write returns.
TEST_F(GrantCacheTest, AnyWriteToTheRow_EndsItsCopyAndNoOther) {
  const auto alice = grant();
  const auto bob = grant("bob@x.com");
  put(bob);
  const std::vector<std::function<bool()>> writes = {
      [&] { return memory->putGrant(alice, 0).ok(); },
      [&] { return memory->putGrant(alice, 1).ok(); },
      [&] { return memory->acquireLease(alice.id, "one", 1h).ok(); },
      [&] {
        return memory->endRefresh(alice.id, {"one", 1}, 2, {"provider_error", clock.now(), {}}).ok();
      },
      [&] { return memory->replaceTokens(alice.id, 2, alice.tokens).ok(); },
      [&] {
        return memory
            ->replaceSealed(
                {"oauth_credentials", alice.id, "fake", alice.profile, 3, {{"access_token", "x"}}})
            .ok();
      },
      [&] { return memory->deleteGrant(alice.id, 4).ok(); },
      [&] { return memory->putGrant(alice, 0).ok(); },
      [&] {
        PendingRevocation revocation;
        revocation.id = "revocation";
        return memory->revokeGrant(alice.id, 1, revocation).ok();
      }};
  int number = 0;
  for (const auto& write : writes) {
    read();
    read("bob@x.com");
    ASSERT_TRUE(write()) << number;
    EXPECT_FALSE(inMemory()) << "write " << number;
    EXPECT_TRUE(inMemory("bob@x.com")) << "write " << number;
    ++number;
  }
}

// An answer that is lost may be one to a write that was carried out.
TEST_F(GrantCacheTest, WriteThatFails_EndsTheCopyAsWell) {
  put(grant());
  read();
  EXPECT_FALSE(memory->deleteGrant(grant().id, 7).ok());
  EXPECT_FALSE(inMemory());
}

TEST_F(GrantCacheTest, RowReadBeforeAWriteAndReceivedAfterIt_IsNotKept) {
  const auto row = grant();
  put(row);
  storage.meanwhile = [&] { replace(row, "sealed-2"); };
  EXPECT_EQ(read(), "sealed-1") << "it had begun before the write";
  EXPECT_FALSE(inMemory());
  EXPECT_EQ(read(), "sealed-2");
}

TEST_F(GrantCacheTest, RowReadBeforeARevocationAndReceivedAfterIt_IsNotKept) {
  put(grant());
  storage.meanwhile = [&] { ASSERT_TRUE(memory->deleteGrant(grant().id, 1).ok()); };
  read();
  EXPECT_EQ(read(), "none");
}

// Two readers at once: the slow one read the old row before the write, the quick one the new row after it.
TEST_F(GrantCacheTest, SlowReaderOfTheOldRow_DoesNotReplaceTheNewOne) {
  const auto row = grant();
  put(row);
  storage.meanwhile = [&] {
    replace(row, "sealed-2");
    EXPECT_EQ(read(), "sealed-2");
  };
  EXPECT_EQ(read(), "sealed-1");
  EXPECT_EQ(read(), "sealed-2");
  EXPECT_TRUE(inMemory());
}

TEST_F(GrantCacheTest, StorageThatDoesNotTellOthersWrites_IsReadEachTime) {
  put(grant());
  read();
  storage.hears = false;
  read();
  read();
  EXPECT_EQ(storage.reads, 3);
  EXPECT_EQ(counted("off"), 2);
}

TEST_F(GrantCacheTest, StorageThatTellsAgain_NothingKeptBeforeOrMeanwhileIsUsed) {
  put(grant());
  put(grant("bob@x.com"));
  read();
  storage.hears = false;
  read("bob@x.com");
  storage.hearAgain();
  EXPECT_FALSE(inMemory());
  EXPECT_FALSE(inMemory("bob@x.com"));
  read();
  EXPECT_TRUE(inMemory());
}

TEST_F(GrantCacheTest, RowReadWhileNothingWasTold_IsNotUsedAfterwards) {
  put(grant());
  storage.meanwhile = [&] { storage.hearAgain(); };
  read();
  EXPECT_FALSE(inMemory());
}

TEST_F(GrantCacheTest, Copy_IsUsedForHalfAMinuteAtMostWhateverTheClockDoes) {
  put(grant());
  read();
  clock.advance(30s);
  EXPECT_TRUE(inMemory());
  clock.advance(1ms);
  EXPECT_FALSE(inMemory());
  read();
  clock.advance(-1h);
  EXPECT_FALSE(inMemory()) << "a clock that went back tells nothing";
}

TEST_F(GrantCacheTest, MoreGrantsThanFit_ThoseAskedForStay) {
  constexpr int kMany = 3'000;
  const auto profile = [](int i) { return "user" + std::to_string(i) + "@x.com"; };
  for (int i = 0; i < kMany; ++i) put(grant(profile(i)));
  for (int i = 0; i < kMany; ++i) {
    read(profile(0));
    read(profile(i));
  }
  EXPECT_TRUE(inMemory(profile(0)));
  EXPECT_LE(metrics.value("auth_gateway_cache_grants"), 1'024);
  EXPECT_GE(metrics.value("auth_gateway_cache_grants"), 900);
  EXPECT_EQ(metrics.value("auth_gateway_cache_evictions_total"),
            storage.reads - metrics.value("auth_gateway_cache_grants"));
  for (int i = 0; i < kMany; ++i) EXPECT_EQ(read(profile(i)), "sealed-1");
}

TEST_F(GrantCacheTest, GrantsThatEnd_GiveTheirPlaceBack) {
  for (int round = 0; round < 3'000; ++round) {
    put(grant());
    read();
    ASSERT_TRUE(memory->deleteGrant(grant().id, 1).ok());
    EXPECT_EQ(read(), "none");
  }
  EXPECT_EQ(metrics.value("auth_gateway_cache_grants"), 0);
  EXPECT_EQ(metrics.value("auth_gateway_cache_evictions_total"), 0);
}

TEST_F(GrantCacheTest, NoRoomAtAll_EveryReadGoesToTheStorage) {
  put(grant());
  GrantCache none({storage, clock, metrics, 0});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(none.kept("fake", "alice@x.com"), nullptr);
    EXPECT_TRUE(none.read("fake", "alice@x.com").ok());
  }
  EXPECT_EQ(storage.reads, 3);
}

// Readers and writers at full speed: after a write has returned, nobody reads what was there before it.
TEST_F(GrantCacheTest, ReadersBesideAWriter_NeverSeeATokenOlderThanAWriteThatReturned) {
  const auto row = grant();
  put(row);
  replace(row, "0");
  std::atomic<int> written{0};
  std::atomic<bool> over{false};
  std::atomic<int> stale{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        const int least = written;
        if (std::stoi(read()) < least) ++stale;
      }
    });
  }
  for (int i = 1; i <= 5'000; ++i) {
    replace(row, std::to_string(i), i + 1);
    written = i;
  }
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
}

}  // namespace
}  // namespace agw::test
