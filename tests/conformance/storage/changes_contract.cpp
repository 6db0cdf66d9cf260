#include "fixture.hpp"

#include <condition_variable>
#include <mutex>

namespace agw::test {
namespace {

using namespace std::chrono_literals;

/// Remembers what it was told.
class Ear final : public GrantListener {
 public:
  explicit Ear(Storage& storage) : storage_(storage) { storage_.listen(*this); }
  ~Ear() override { storage_.unlisten(*this); }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  void grantChanged(const std::string& id) noexcept override { add(id); }
  void grantsChanged() noexcept override { add("all"); }

  /// All of it, which is forgotten.
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return std::exchange(heard_, {});
  }
  /// Whether one of these was told, or comes within five seconds.
  bool hears(const std::string& id) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, 5s, [&] {
      return std::any_of(heard_.begin(), heard_.end(),
                         [&](const auto& text) { return text == id || text == "all"; });
    });
  }

 private:
  void add(const std::string& text) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(text);
    told_.notify_all();
  }
  Storage& storage_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> heard_;
};

class Changes : public StorageContract {
 protected:
  void SetUp() override {
    StorageContract::SetUp();
    if (HasFatalFailure()) return;
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!storage().tellsOthersWrites() && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    ASSERT_TRUE(storage().tellsOthersWrites());
  }
  bool heard(Ear& ear, const std::string& id) {
    const auto all = ear.heard();
    return std::find(all.begin(), all.end(), id) != all.end();
  }
  Installation anInstallation(const std::string& consent) {
    Installation row;
    row.id = "installation-of-" + consent;
    row.provider = "example";
    row.orgId = "org";
    row.consentId = consent;
    row.kinds = {"bot"};
    row.createdAt = row.updatedAt = clock.now();
    return row;
  }
};
AGW_FOR_EVERY_STORAGE(Changes);

// Law 8: a copy of the row is of no use once the write has returned.
TEST_P(Changes, EveryWriteToAGrant_IsToldBeforeItReturns) {
  const auto grant = aGrant();
  Ear ear(storage());
  const auto told = [&](bool done) { return done && heard(ear, grant.id); };
  EXPECT_TRUE(told(storage().putGrant(grant, 0).ok()));
  EXPECT_TRUE(told(storage().putGrant(grant, 1).ok()));
  EXPECT_TRUE(told(storage().acquireLease(grant.id, "one", 1h).ok()));
  EXPECT_TRUE(told(storage().endRefresh(grant.id, {"one", 1}, 2, {"provider_error", clock.now(), {}}).ok()));
  EXPECT_TRUE(told(storage().replaceTokens(grant.id, 2, tokens("2")).ok()));
  EXPECT_TRUE(
      told(storage()
               .replaceSealed(
                   {"oauth_credentials", grant.id, "example", grant.profile, 3, {{"access_token", "x"}}})
               .ok()));
  EXPECT_TRUE(told(storage().deleteGrant(grant.id, 4).ok()));
  EXPECT_TRUE(told(storage().putGrant(grant, 0).ok()));
  EXPECT_TRUE(told(storage().revokeGrant(grant.id, 1, aRevocation()).ok()));
}

TEST_P(Changes, WriteThatFails_IsToldAsWell) {
  const auto grant = stored();
  Ear ear(storage());
  EXPECT_FALSE(storage().replaceTokens(grant.id, 9, tokens("2")).ok());
  EXPECT_TRUE(heard(ear, grant.id));
}

TEST_P(Changes, GrantsThatGoWithAnInstallation_AreTold) {
  const auto before = aGrant("grant-before", "installation:before/bot");
  const auto after = aGrant("grant-after", "installation:after/bot");
  ASSERT_TRUE(succeeds(storage().putInstallations({before}, {anInstallation("before")})));
  Ear ear(storage());
  const auto put = storage().putInstallations({after}, {anInstallation("after")});
  ASSERT_TRUE(succeeds(put));
  EXPECT_TRUE(heard(ear, before.id));
  EXPECT_FALSE(storage().findGrantById(before.id)->has_value());
  InstallationEnd end{.id = put->front().id,
                      .seen = put->front().version,
                      .at = clock.now(),
                      .grants = {},
                      .uninstalled = {}};
  end.grants.push_back({after.id, 1, std::nullopt});
  ASSERT_TRUE(succeeds(storage().endInstallation(end)));
  EXPECT_TRUE(heard(ear, after.id));
}

TEST_P(Changes, ReadsAndOtherRows_AreNotTold) {
  const auto grant = stored();
  Ear ear(storage());
  ear.heard();
  ASSERT_TRUE(storage().findGrant(grant.provider, grant.profile).ok());
  ASSERT_TRUE(storage().createFlow(aFlow()).ok());
  ASSERT_TRUE(storage().writeMeta("name", "value").ok());
  ASSERT_TRUE(storage().replaceTokens("another", 1, tokens("2")).error().kind == ErrorKind::NotFound);
  EXPECT_FALSE(heard(ear, grant.id));
}

TEST_P(Changes, ListenerThatLeft_IsNotCalledAnyMore) {
  Ear stays(storage());
  auto leaves = std::make_unique<Ear>(storage());
  leaves.reset();
  stored();
  EXPECT_TRUE(stays.hears(aGrant().id));
}

/// The databases: somebody else writes.
class OthersChanges : public Changes {
 protected:
  void SetUp() override {
    Changes::SetUp();
    if (HasFatalFailure()) return;
    other_ = openAgain(GetParam() == Backend::Sqlite ? Access::Command : Access::Service);
    ASSERT_TRUE(other_);
    grant_ = stored();
    ear_ = std::make_unique<Ear>(storage());
    // One write that is told, so that nothing from before is still under way.
    ASSERT_TRUE(other_->putGrant(aGrant("mark", "mark@company.com"), 0).ok());
    if (GetParam() == Backend::Postgres) {
      ASSERT_TRUE(other_->deleteGrant("mark", 1).ok());
    }
    ASSERT_TRUE(ear_->hears("mark"));
    ear_->heard();
  }
  void TearDown() override {
    ear_.reset();
    other_.reset();
  }
  std::unique_ptr<Storage> other_;
  Grant grant_;
  std::unique_ptr<Ear> ear_;
};
INSTANTIATE_TEST_SUITE_P(Every, OthersChanges, testing::Values(Backend::Sqlite, Backend::Postgres),
                         backendName);

TEST_P(OthersChanges, NewTokens_AreTold) {
  ASSERT_TRUE(succeeds(other_->replaceTokens(grant_.id, 1, tokens("2"))));
  EXPECT_TRUE(ear_->hears(grant_.id));
}
TEST_P(OthersChanges, AFailure_IsTold) {
  ASSERT_TRUE(succeeds(other_->acquireLease(grant_.id, "other", 1h)));
  ASSERT_TRUE(succeeds(other_->endRefresh(grant_.id, {"other", 1}, 1, {"provider_error", clock.now(), {}})));
  EXPECT_TRUE(ear_->hears(grant_.id));
}
TEST_P(OthersChanges, ARevocation_IsToldWithinATenthOfASecondOrSo) {
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(succeeds(other_->revokeGrant(grant_.id, 1, aRevocation())));
  EXPECT_TRUE(ear_->hears(grant_.id));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
  RecordProperty("milliseconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 2'000) << "with room for a machine under load";
}
TEST_P(OthersChanges, TokensSealedAnew_AreTold) {
  ASSERT_TRUE(succeeds(other_->replaceSealed(
      {"oauth_credentials", grant_.id, "example", grant_.profile, 1, {{"access_token", "sealed-anew"}}})));
  EXPECT_TRUE(ear_->hears(grant_.id));
}

TEST(PostgresChanges, StatementsOfPeople_AreToldByTheServer) {
  PostgresDatabase database;
  ASSERT_TRUE(database.exists());
  FakeClock clock;
  RecordingLog log;
  auto storage = openStorage(database.settings(), SchemaPolicy::Migrate, clock, log);
  ASSERT_TRUE(succeeds(storage));
  while (!(*storage)->tellsOthersWrites()) std::this_thread::yield();
  const auto put = [&](const std::string& id) {
    Grant grant;
    grant.id = id;
    grant.profile = id + "@company.com";
    grant.provider = "example";
    grant.tokens.accessToken = "sealed";
    ASSERT_TRUE(succeeds((*storage)->putGrant(grant, 0)));
  };
  const std::string longId(5'000, 'x');
  put("one");
  put("two");
  put(longId);
  Ear ear(**storage);
  const auto onlyOne = [&] { return ear.hears("one") && ear.heard() == std::vector<std::string>{"one"}; };
  database.query("UPDATE oauth_credentials SET access_token = 'by hand' WHERE id = 'one'");
  EXPECT_TRUE(onlyOne());
  database.query(
      "UPDATE oauth_credentials SET lease_owner = 'by hand', open_intents = 1, fence = 7 WHERE id = 'two'");
  database.query("UPDATE oauth_credentials SET profile_id = 'moved@company.com' WHERE id = 'one'");
  EXPECT_TRUE(onlyOne()) << "and not the lease of the other one";
  database.query("DELETE FROM oauth_credentials WHERE id = 'one'");
  EXPECT_TRUE(onlyOne());
  database.query("DELETE FROM oauth_credentials WHERE length(id) > 1000");
  EXPECT_TRUE(ear.hears(longId)) << "as a change of all: the text is too long for a notification";
  ear.heard();
  database.query("TRUNCATE oauth_credentials");
  EXPECT_TRUE(ear.hears("all"));
}

}  // namespace
}  // namespace agw::test
