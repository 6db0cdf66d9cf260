#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "storage/open.hpp"
#include "storage/sqlite/connection.hpp"
#include "support/fakes.hpp"
#include "support/temporary_folder.hpp"

namespace agw::test {
namespace {

class Sqlite : public testing::Test {
 protected:
  Result<std::unique_ptr<Storage>> open(Access access = Access::Service,
                                        SchemaPolicy policy = SchemaPolicy::Migrate) {
    DatabaseSettings settings;
    settings.path = path;
    return openStorage(settings, policy, clock, log, access);
  }
  Grant aGrant(const std::string& id) const {
    Grant grant;
    grant.id = id;
    grant.profile = id + "@company.com";
    grant.provider = "example";
    grant.tokens.accessToken = std::string(4000, 'a');
    return grant;
  }
  static int mode(const std::string& file) {
    struct stat found {};
    return stat(file.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 0777) : -1;
  }
  std::string pragma(const std::string& name) const {
    sqlite3* database = nullptr;
    sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
    std::string value;
    sqlite3_exec(
        database, ("PRAGMA " + name).c_str(),
        [](void* into, int, char** columns, char**) {
          *static_cast<std::string*>(into) = columns[0] ? columns[0] : "";
          return 0;
        },
        &value, nullptr);
    sqlite3_close(database);
    return value;
  }

  TemporaryFolder folder;
  std::string path = folder / "new/deep/gateway.db";
  FakeClock clock;
  RecordingLog log;
};

// H5
TEST_F(Sqlite, NewFile_NobodyElseCanReadAnything) {
  const mode_t before = umask(022);
  const auto storage = open();
  umask(before);
  ASSERT_TRUE(storage.ok()) << storage.error().message;
  ASSERT_TRUE((*storage)->writeMeta("a", "b").ok());
  for (const char* end : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode(path + end), 0600) << end;
  EXPECT_EQ(mode(folder / "new/deep"), 0700);
  EXPECT_EQ(mode(folder / "new"), 0700);
}

TEST_F(Sqlite, FileOpenToOthers_IsClosedToThemAndLogged) {
  { ASSERT_TRUE(open().ok()); }
  chmod(path.c_str(), 0644);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(mode(path), 0600);
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_TRUE(log.lines()[0].starts_with("database_file_mode_tightened"));
}

// As a backup that was put back leaves it.
TEST_F(Sqlite, JournalOpenToOthers_IsClosedToThemAsWell) {
  { ASSERT_TRUE(open().ok()); }
  const std::string journal = path + "-wal";
  std::ofstream(journal, std::ios::app).flush();
  chmod(journal.c_str(), 0644);
  const auto storage = open();
  ASSERT_TRUE(storage.ok());
  EXPECT_EQ(mode(journal), 0600);
}

TEST_F(Sqlite, SecondService_IsRefusedWithASentence) {
  const auto first = open();
  ASSERT_TRUE(first.ok());
  const auto second = open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::BadOption);
  EXPECT_NE(second.error().message.find("in use by another running auth-gateway"), std::string::npos);
  EXPECT_NE(second.error().message.find("PostgreSQL"), std::string::npos);
}

TEST_F(Sqlite, SecondServiceBySymlink_IsRefusedToo) {
  const auto first = open();
  ASSERT_TRUE(first.ok());
  const std::string link = folder / "link.db";
  std::filesystem::create_symlink(path, link);
  path = link;
  EXPECT_FALSE(open().ok());
}

TEST_F(Sqlite, Command_BesideAService_ReadsAndWrites) {
  const auto service = open();
  ASSERT_TRUE(service.ok());
  const auto command = open(Access::Command, SchemaPolicy::Require);
  ASSERT_TRUE(command.ok()) << command.error().message;
  ASSERT_TRUE((*command)->writeMeta("a", "from the command").ok());
  EXPECT_EQ(**(*service)->readMeta("a"), "from the command");
}

TEST_F(Sqlite, ServiceEnded_NextOneStarts) {
  { ASSERT_TRUE(open().ok()); }
  EXPECT_TRUE(open().ok());
}

TEST_F(Sqlite, Require_NoFile_NamesTheCommandAndMakesNothing) {
  const auto storage = open(Access::Service, SchemaPolicy::Require);
  ASSERT_FALSE(storage.ok());
  EXPECT_NE(storage.error().message.find("auth-gateway init-db"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(folder / "new"));
}

TEST_F(Sqlite, NotADatabase_IsRefusedAndLeftAsItIs) {
  path = folder / "other.txt";
  std::ofstream(path) << std::string(5000, 'x');
  const auto storage = open();
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(std::filesystem::file_size(path), 5000U);
}

TEST_F(Sqlite, AFolderInItsPlace_IsRefused) {
  path = folder.path().string();
  EXPECT_FALSE(open().ok());
}

TEST_F(Sqlite, CrashedWriter_WhatItAcknowledgedIsThere) {
  const pid_t child = fork();
  if (child == 0) {
    const auto storage = open();
    const bool written = storage.ok() && (*storage)->putGrant(aGrant("grant"), 0).ok();
    if (written) kill(getpid(), SIGKILL);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto storage = open();
  ASSERT_TRUE(storage.ok()) << storage.error().detail;
  EXPECT_TRUE((*storage)->findGrantById("grant")->has_value());
  EXPECT_EQ(pragma("integrity_check"), "ok");
}

// H4: a file that may not grow any more answers like a full disk.
TEST_F(Sqlite, DiskFull_WriteIsTransientReadsGoOnAndItRecoversByItself) {
  const auto storage = open();
  ASSERT_TRUE(storage.ok());
  ASSERT_TRUE((*storage)->putGrant(aGrant("first"), 0).ok());
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto oldHandler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit full = before;
  full.rlim_cur = std::filesystem::file_size(path + "-wal");
  setrlimit(RLIMIT_FSIZE, &full);
  const auto write = (*storage)->putGrant(aGrant("second"), 0);
  PendingRevocation revocation;
  revocation.id = "revocation";
  const auto revoked = (*storage)->revokeGrant("first", 1, revocation);
  const auto read = (*storage)->findGrantById("first");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, oldHandler);

  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().kind, ErrorKind::Transient) << write.error().detail;
  ASSERT_FALSE(revoked.ok());
  EXPECT_EQ(revoked.error().kind, ErrorKind::Transient) << revoked.error().detail;
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->has_value());
  EXPECT_FALSE((*storage)->findGrantById("second")->has_value()) << "nothing is half written";
  EXPECT_TRUE((*storage)->putGrant(aGrant("second"), 0).ok());
  EXPECT_TRUE((*storage)->revokeGrant("first", 1, revocation).ok());
  EXPECT_EQ(pragma("integrity_check"), "ok");
}

TEST_F(Sqlite, UnreadableRow_IsIntegrityAndNamesNothing) {
  const auto storage = open();
  ASSERT_TRUE(storage.ok());
  ASSERT_TRUE((*storage)->putGrant(aGrant("grant"), 0).ok());
  storage::SqliteConnection vandal(path, clock, *storage::LockFile::open(path));
  for (const char* damage : {"scopes = 'no list'", "scopes = '[1]'", "scopes = '{}'", "issued_at = 'soon'"}) {
    vandal.script(std::string("UPDATE oauth_credentials SET ") + damage);
    const auto found = (*storage)->findGrantById("grant");
    ASSERT_FALSE(found.ok()) << damage;
    EXPECT_EQ(found.error().kind, ErrorKind::Integrity) << damage;
    EXPECT_EQ(found.error().code, "integrity_error");
    vandal.script("UPDATE oauth_credentials SET scopes = '[]', issued_at = 0");
  }
}

// Rows that a statement has changed already must not be lost with one among them that cannot be read.
TEST_F(Sqlite, UnreadableRow_KeepsNoOtherFromItsTurn) {
  const auto storage = open();
  ASSERT_TRUE(storage.ok());
  for (const char* id : {"bad", "good"}) {
    auto grant = aGrant(id);
    grant.tokens.accessExpiresAt = clock.now();
    ASSERT_TRUE((*storage)->putGrant(grant, 0).ok());
    Flow flow;
    flow.id = flow.stateHash = id;
    flow.provider = "example";
    flow.pendingTokens = "sealed";
    flow.status = FlowStatus::AwaitingConfirmation;
    flow.expiresAt = clock.now();
    ASSERT_TRUE((*storage)->createFlow(flow).ok());
  }
  storage::SqliteConnection vandal(path, clock, *storage::LockFile::open(path));
  vandal.script("UPDATE oauth_credentials SET scopes = 'no list', renew_at = 0 WHERE id = 'bad'");
  vandal.script("UPDATE oauth_credentials SET renew_at = 0 WHERE id = 'good'");
  vandal.script("UPDATE oauth_sessions SET scopes = 'no list' WHERE id = 'bad'");
  const auto due = (*storage)->claimDueGrants("example", clock.now(), std::chrono::seconds(60), 10);
  ASSERT_TRUE(due.ok());
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().grant.id, "good");
  const auto expired = (*storage)->expireFlows(clock.now(), "over", std::chrono::hours(24), 10);
  ASSERT_TRUE(expired.ok());
  ASSERT_EQ(expired->size(), 1U);
  EXPECT_EQ(expired->front().id, "good");
  const auto lines = log.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line.starts_with("database_failed"); }),
            2)
      << "operators are told of each";
}

// A write and a checkpoint of another process at the same time may damage the file in SQLite before 3.51.3.
TEST_F(Sqlite, Writers_WaitForEachOthersTurn) {
  const auto storage = open();
  ASSERT_TRUE(storage.ok());
  auto lock = *storage::LockFile::open(path);
  ASSERT_TRUE(lock->tryTake(storage::LockFile::Part::Writer));
  std::atomic<bool> written{false};
  std::thread writer([&] { written = (*storage)->writeMeta("a", "b").ok(); });
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE((*storage)->readMeta("a").ok()) << "readers need no turn";
    EXPECT_FALSE(written);
  }
  lock->leave(storage::LockFile::Part::Writer);
  writer.join();
  EXPECT_TRUE(written);
}

TEST_F(Sqlite, ReadersAndWriters_WithCheckpoints_LeaveASoundFile) {
  {
    const auto service = open();
    const auto command = open(Access::Command);
    ASSERT_TRUE(service.ok() && command.ok());
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        Storage& mine = i % 2 == 0 ? **service : **command;
        for (int round = 0; round < 100; ++round) {
          const std::string id = std::to_string(i) + "-" + std::to_string(round);
          Grant grant = aGrant(id);
          grant.tokens.refreshToken = std::string(50'000, 'r');
          if (!mine.putGrant(grant, 0).ok() || !(*mine.findGrantById(id))) ++failures;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
  }
  EXPECT_EQ(pragma("integrity_check"), "ok");
  EXPECT_EQ(pragma("journal_mode"), "wal");
}

}  // namespace
}  // namespace agw::test
