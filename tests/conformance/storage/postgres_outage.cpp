// H2, H3: the server goes away, hangs or ends connections while the gateway works. These tests stop the
// server, so CTest gives them one of their own.

#include <signal.h>

#include <fstream>

#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class Outage : public testing::Test {
 protected:
  void SetUp() override {
    const char* ctl = std::getenv("AGW_TEST_POSTGRES_CTL");
    const char* data = std::getenv("AGW_TEST_POSTGRES_DATA");
    if (!ctl || !data)
      FAIL() << "The server must be ours to stop. Run: tests/support/with-postgres storage_outage";
    ctl_ = ctl;
    data_ = data;
    ASSERT_TRUE(database_.exists());
    storage_ = opened(4);
    ASSERT_TRUE(storage_);
    Grant grant;
    grant.id = "grant";
    grant.profile = "alice@company.com";
    grant.provider = "example";
    grant.tokens.accessToken = "sealed";
    ASSERT_TRUE(succeeds(storage_->putGrant(grant, 0)));
  }
  void TearDown() override {
    if (!ctl_.empty() && !control("status")) control("start");
  }

  std::unique_ptr<Storage> opened(int connections) {
    DatabaseSettings settings = database_.settings();
    settings.connections = connections;
    auto storage = openStorage(settings, SchemaPolicy::Migrate, clock_, log_);
    if (!storage.ok()) ADD_FAILURE() << storage.error().detail;
    return storage.ok() ? std::move(*storage) : nullptr;
  }
  bool control(const std::string& verb) const { return std::system((ctl_ + " " + verb).c_str()) == 0; }
  void warmUp() {
    inThreads(8, [this](int) { EXPECT_TRUE(succeeds(storage_->findGrantById("grant"))); });
  }
  static void inThreads(int threads, const std::function<void(int)>& work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
    for (auto& thread : running) thread.join();
  }
  void signalServer(int signal) const {
    std::ifstream file(data_ + "/postmaster.pid");
    pid_t postmaster = 0;
    file >> postmaster;
    ASSERT_GT(postmaster, 1);
    const std::string children =
        "/proc/" + std::to_string(postmaster) + "/task/" + std::to_string(postmaster) + "/children";
    std::ifstream list(children);
    for (pid_t child = 0; list >> child;) kill(child, signal);
    kill(postmaster, signal);
  }

  FakeClock clock_;
  RecordingLog log_;
  PostgresDatabase database_;
  std::string ctl_;
  std::string data_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(Outage, Restart_EveryIdleConnectionDead_NeitherReadsNorWritesFail) {
  warmUp();
  control("restart -m immediate");
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(succeeds(storage_->findGrantById("grant")));
    EXPECT_TRUE(succeeds(storage_->writeMeta("name", std::to_string(i))));
  }
}

// The server says why it ends them: what it said must not be taken for life.
TEST_F(Outage, IdleConnectionsEndedWithAWord_NoWriteFails) {
  warmUp();
  database_.query(
      "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  std::atomic<int> failures{0};
  inThreads(8, [&](int number) {
    if (!storage_->writeMeta("name", std::to_string(number)).ok()) ++failures;
  });
  EXPECT_EQ(failures, 0);
}

TEST_F(Outage, ServerStopped_CallsAreTransientAtOnceAndWorkAgainAfterwards) {
  warmUp();
  control("stop -m immediate");
  const auto start = steady_clock::now();
  for (int i = 0; i < 8; ++i) {
    const auto read = storage_->findGrantById("grant");
    ASSERT_TRUE(failsWith(read, ErrorKind::Transient));
    EXPECT_EQ(read.error().retryAfter, 1s);
    EXPECT_EQ(read.error().code, "unavailable");
    EXPECT_EQ(read.error().message.find("127.0.0.1"), std::string::npos);
    EXPECT_TRUE(failsWith(storage_->writeMeta("name", "value"), ErrorKind::Transient));
  }
  EXPECT_LT(steady_clock::now() - start, 5s);
  control("start");
  EXPECT_TRUE(succeeds(storage_->findGrantById("grant")));
  EXPECT_TRUE(succeeds(storage_->writeMeta("name", "value")));
}

TEST_F(Outage, BackendsTerminatedOverAndOver_NoReadFails) {
  std::atomic<bool> over{false};
  std::atomic<int> failures{0};
  std::atomic<int> reads{0};
  std::thread killer([&] {
    for (int i = 0; i < 20; ++i) {
      database_.query(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
          "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
    over = true;
  });
  inThreads(4, [&](int) {
    while (!over) {
      ++reads;
      if (!storage_->findGrantById("grant").ok()) ++failures;
    }
  });
  killer.join();
  EXPECT_GT(reads, 20);
  // A second connection may be terminated as well before it answers: then the read has been tried twice.
  EXPECT_LE(failures, reads / 20);
}

TEST_F(Outage, BackendTerminatedInsideATransaction_ChangesAllOrNothing) {
  PendingRevocation revocation;
  revocation.id = "revocation";
  revocation.provider = "example";
  std::atomic<bool> over{false};
  std::thread killer([&] {
    while (!over) {
      database_.query(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
          "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
  });
  for (int i = 0; i < 20; ++i) (void)storage_->revokeGrant("grant", 1, revocation).ok();
  over = true;
  killer.join();
  const std::string grants = database_.query("SELECT count(*) FROM oauth_credentials");
  const std::string queued = database_.query("SELECT count(*) FROM oauth_revocations");
  EXPECT_NE(grants, queued);
}

TEST_F(Outage, ServerHangs_CallsEndWithinFiveSecondsAndRecover) {
  warmUp();
  signalServer(SIGSTOP);
  std::array<std::chrono::duration<double>, 6> took{};
  inThreads(6, [&](int i) {
    const auto start = steady_clock::now();
    if (i % 2 == 0) {
      EXPECT_TRUE(failsWith(storage_->findGrantById("grant"), ErrorKind::Transient));
    } else {
      EXPECT_TRUE(failsWith(storage_->writeMeta("name", "value"), ErrorKind::Transient));
    }
    took.at(static_cast<std::size_t>(i)) = steady_clock::now() - start;
  });
  signalServer(SIGCONT);
  for (const auto& time : took) EXPECT_LT(time.count(), 5.2);
  EXPECT_TRUE(succeeds(storage_->findGrantById("grant")));
  EXPECT_TRUE(succeeds(storage_->writeMeta("name", "value")));
}

TEST_F(Outage, RowHeldByAnother_WriteIsTransientInTime) {
  std::thread holder([this] {
    database_.query("BEGIN; SELECT * FROM oauth_credentials FOR UPDATE; SELECT pg_sleep(6); COMMIT");
  });
  while (database_.query(
             "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6)%' AND wait_event = "
             "'PgSleep'") != "1") {
    std::this_thread::yield();
  }
  const auto start = steady_clock::now();
  EXPECT_TRUE(failsWith(storage_->acquireLease("grant", "worker", 1h), ErrorKind::Transient));
  EXPECT_LT(steady_clock::now() - start, 5s);
  EXPECT_TRUE(succeeds(storage_->findGrantById("grant"))) << "reads go on";
  holder.join();
  EXPECT_EQ((*storage_->findGrantById("grant"))->openIntents, 0);
}

TEST_F(Outage, AllConnectionsBusy_NextCallerIsToldToComeBack) {
  storage_ = opened(1);
  ASSERT_TRUE(storage_);
  std::thread holder([this] {
    database_.query("BEGIN; SELECT * FROM oauth_credentials FOR UPDATE; SELECT pg_sleep(3); COMMIT");
  });
  while (database_.query(
             "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND wait_event = "
             "'PgSleep'") != "1") {
    std::this_thread::yield();
  }
  std::thread waiter([this] { (void)storage_->acquireLease("grant", "worker", 1h).ok(); });
  while (database_.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "1") {
    std::this_thread::yield();
  }
  const auto start = steady_clock::now();
  EXPECT_TRUE(failsWith(storage_->findGrantById("grant"), ErrorKind::Transient));
  EXPECT_LT(steady_clock::now() - start, 2s);
  waiter.join();
  holder.join();
}

// Copies of grants are used while it is certain that changes are heard of, and not a moment longer than it
// takes to notice.
TEST_F(Outage, ServerGone_ChangesAreNotToldUntilItIsBackAndThenAllMayHaveChanged) {
  class Ear final : public GrantListener {
   public:
    void grantChanged(const std::string&) noexcept override {}
    void grantsChanged() noexcept override { ++all; }
    std::atomic<int> all{0};
  } ear;
  const auto waitFor = [](const std::function<bool()>& state, std::chrono::milliseconds longest) {
    const auto end = steady_clock::now() + longest;
    while (!state() && steady_clock::now() < end) std::this_thread::yield();
    return state();
  };
  ASSERT_TRUE(waitFor([&] { return storage_->tellsOthersWrites(); }, 10s));
  storage_->listen(ear);
  control("stop -m immediate");
  EXPECT_TRUE(waitFor([&] { return !storage_->tellsOthersWrites(); }, 3s));
  EXPECT_EQ(ear.all, 0);
  control("start");
  EXPECT_TRUE(waitFor([&] { return storage_->tellsOthersWrites(); }, 15s));
  EXPECT_GE(ear.all, 1);
  storage_->unlisten(ear);
}

TEST_F(Outage, ServerHangs_ChangesAreNotToldAfterTwoSeconds) {
  const auto end = steady_clock::now() + 10s;
  while (!storage_->tellsOthersWrites() && steady_clock::now() < end) std::this_thread::yield();
  ASSERT_TRUE(storage_->tellsOthersWrites());
  signalServer(SIGSTOP);
  const auto hung = steady_clock::now();
  while (storage_->tellsOthersWrites() && steady_clock::now() < hung + 10s) std::this_thread::yield();
  const auto took = steady_clock::now() - hung;
  signalServer(SIGCONT);
  EXPECT_LT(took, 2'500ms);
}

}  // namespace
}  // namespace agw::test
