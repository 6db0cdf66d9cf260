#include "storage/migrations/migrations.hpp"

#include <gtest/gtest.h>

#include <array>

#include "storage/sql/rows.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/file.hpp"
#include "support/fakes.hpp"
#include "support/temporary_folder.hpp"

namespace agw::storage {
namespace {

constexpr Migration kOne{1, "one", "CREATE TABLE a (id {text} PRIMARY KEY);"};
constexpr Migration kTwo{2, "two", "ALTER TABLE a ADD COLUMN more {text} NOT NULL DEFAULT 'x';"};
constexpr Migration kBroken{2, "two",
                            "ALTER TABLE a ADD COLUMN half {text}; INSERT INTO no_such_table VALUES (1);"};

// H8
class Migrations : public testing::Test {
 protected:
  void SetUp() override {
    path_ = *prepareFile(folder_ / "gateway.db", log_);
    connection_ = std::make_unique<SqliteConnection>(path_, clock_, *LockFile::open(path_));
  }
  Result<void> apply(std::span<const Migration> steps, SchemaPolicy policy = SchemaPolicy::Migrate) {
    return applyMigrations(*connection_, kSqliteDialect, steps, policy, clock_.now());
  }
  int count(const Sql& sql) {
    return fetch(*connection_, sql, [](const Row& row) { return smallNumberAt(row, 0); }).value_or(-1);
  }

  const Sql steps_{"SELECT count(*) FROM schema_migrations"};
  const Sql columns_{"SELECT count(*) FROM pragma_table_info('a')"};
  test::TemporaryFolder folder_;
  test::FakeClock clock_;
  test::RecordingLog log_;
  std::string path_;
  std::unique_ptr<SqliteConnection> connection_;
};

TEST_F(Migrations, Empty_IsBroughtToTheLastStep) {
  ASSERT_TRUE(apply(std::array{kOne, kTwo}).ok());
  EXPECT_EQ(count(steps_), 2);
  EXPECT_EQ(count(columns_), 2);
}

TEST_F(Migrations, UpToDate_ChangesNothing) {
  ASSERT_TRUE(apply(std::array{kOne}).ok());
  ASSERT_TRUE(apply(std::array{kOne}).ok());
  EXPECT_TRUE(apply(std::array{kOne}, SchemaPolicy::Require).ok());
  EXPECT_EQ(count(steps_), 1);
}

TEST_F(Migrations, OlderSchema_IsUpgradedAndKeepsItsRows) {
  ASSERT_TRUE(apply(std::array{kOne}).ok());
  connection_->script("INSERT INTO a (id) VALUES ('kept')");
  ASSERT_TRUE(apply(std::array{kOne, kTwo}).ok());
  const Sql kept{"SELECT count(*) FROM a WHERE id = 'kept' AND more = 'x'"};
  EXPECT_EQ(count(kept), 1);
}

TEST_F(Migrations, NewerSchema_IsRefusedWithASentence) {
  ASSERT_TRUE(apply(std::array{kOne, kTwo}).ok());
  for (const auto policy : {SchemaPolicy::Migrate, SchemaPolicy::Require}) {
    const auto refused = apply(std::array{kOne}, policy);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::BadOption);
    EXPECT_NE(refused.error().message.find("The database has schema 2, this auth-gateway knows 1"),
              std::string::npos);
  }
}

TEST_F(Migrations, Require_OldOrNoSchema_NamesTheCommand) {
  const auto empty = apply(std::array{kOne}, SchemaPolicy::Require);
  ASSERT_FALSE(empty.ok());
  EXPECT_NE(empty.error().message.find("Run: auth-gateway init-db"), std::string::npos);
  ASSERT_TRUE(apply(std::array{kOne}).ok());
  EXPECT_FALSE(apply(std::array{kOne, kTwo}, SchemaPolicy::Require).ok());
  EXPECT_EQ(count(steps_), 1);
}

TEST_F(Migrations, StepThatFailsMidway_LeavesNothingOfItselfAndCanBeRunAgain) {
  const auto failed = apply(std::array{kOne, kBroken});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(failed.error().message.find("no_such_table"), std::string::npos) << "SQL stays in the detail";
  EXPECT_NE(failed.error().detail.find("no_such_table"), std::string::npos);
  EXPECT_EQ(count(steps_), 1) << "the step before it stays";
  EXPECT_EQ(count(columns_), 1) << "half a step does not";
  ASSERT_TRUE(apply(std::array{kOne, kTwo}).ok());
  EXPECT_EQ(count(columns_), 2);
}

TEST_F(Migrations, TheRealSteps_AreNumberedWithoutGaps) {
  int expected = 1;
  for (const auto& step : migrations()) EXPECT_EQ(step.version, expected++);
  EXPECT_TRUE(apply(migrations()).ok());
}

TEST(Dialect, Spell_PutsWordsAndNumbersInAndLeavesTheRest) {
  EXPECT_EQ(spell("a = ? AND b = ? DEFAULT '{}'", kPostgresDialect), "a = $1 AND b = $2 DEFAULT '{}'");
  EXPECT_EQ(spell("a = ? AND {now}", kSqliteDialect), "a = ? AND agw_now()");
}

}  // namespace
}  // namespace agw::storage
