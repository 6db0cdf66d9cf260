#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

/// What only PostgreSQL has.
class Postgres : public testing::Test {
 protected:
  void SetUp() override {
    if (!database_) database_ = std::make_unique<PostgresDatabase>();
    if (!database_->exists()) FAIL() << "no PostgreSQL server";
  }
  static void TearDownTestSuite() { database_.reset(); }

  Result<std::unique_ptr<Storage>> open(const DatabaseSettings& settings,
                                        SchemaPolicy policy = SchemaPolicy::Migrate) {
    return openStorage(settings, policy, clock_, log_);
  }

  static inline std::unique_ptr<PostgresDatabase> database_;
  FakeClock clock_;
  RecordingLog log_;
};

// H10
TEST_F(Postgres, PasswordWithSpacesQuotesAndOptions_IsOneValue) {
  const std::string password = R"(a b' sslmode=disable \ " host=evil.example)";
  const std::string role = "agw_role_" + database_->settings().name;
  database_->query("CREATE ROLE " + role +
                   R"( LOGIN PASSWORD 'a b'' sslmode=disable \ " host=evil.example')");
  database_->query("GRANT ALL ON SCHEMA public TO " + role);
  DatabaseSettings settings = database_->settings();
  settings.user = role;
  settings.password = Secret(password);
  const auto right = open(settings, SchemaPolicy::Require);
  settings.password = Secret("a b");
  const auto wrong = open(settings, SchemaPolicy::Require);
  database_->query("REVOKE ALL ON SCHEMA public FROM " + role);
  database_->query("DROP ROLE " + role);

  ASSERT_FALSE(right.ok());
  EXPECT_NE(right.error().message.find("auth-gateway init-db"), std::string::npos)
      << "it was let in and found no schema: " << right.error().message << right.error().detail;
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().detail.find("password authentication failed"), std::string::npos);
  EXPECT_EQ(wrong.error().message.find(role), std::string::npos);
}

TEST_F(Postgres, DatabaseNameWithSpaceAndQuote_IsOneValue) {
  DatabaseSettings settings = database_->settings();
  settings.name = "no such 'database' host=evil.example";
  const auto opened = open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().detail.find("database \"" + settings.name + "\" does not exist"),
            std::string::npos)
      << opened.error().detail;
}

TEST_F(Postgres, UnreachableServer_IsRefusedWithASentenceInTime) {
  DatabaseSettings settings = database_->settings();
  settings.port = 1;
  const auto start = std::chrono::steady_clock::now();
  const auto opened = open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(opened.error().message.find("127.0.0.1"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(Postgres, ServerWithoutTlsWhenVerifyFullIsAsked_IsRefused) {
  DatabaseSettings settings = database_->settings();
  settings.parameters = "sslmode=verify-full";
  const auto opened = open(settings);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().detail.find("SSL"), std::string::npos) << opened.error().detail;
}

TEST_F(Postgres, DatabaseOfAnotherEncoding_IsRefused) {
  const std::string name = database_->settings().name + "_latin";
  database_->query("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  DatabaseSettings settings = database_->settings();
  settings.name = name;
  const auto opened = open(settings);
  database_->query("DROP DATABASE " + name + " WITH (FORCE)");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("UTF8"), std::string::npos);
}

// H8
TEST_F(Postgres, SixteenStartAtOnceOnAnEmptyDatabase_AllOpenAndOneMigrates) {
  database_->query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      if (open(database_->settings()).ok()) ++opened;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 16);
  EXPECT_EQ(database_->query("SELECT count(*) - max(version) FROM schema_migrations"), "0")
      << "each step once";
}

TEST_F(Postgres, NewerSchema_IsRefusedAndNothingIsWritten) {
  ASSERT_TRUE(open(database_->settings()).ok());
  database_->query("INSERT INTO schema_migrations VALUES (999, 'from the future', 0)");
  const auto opened = open(database_->settings());
  database_->query("DELETE FROM schema_migrations WHERE version = 999");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("The database has schema 999"), std::string::npos);
}

TEST_F(Postgres, Reads_AreOneStatementEachWithoutBeginOrCommit) {
  DatabaseSettings settings = database_->settings();
  settings.connections = 1;
  settings.parameters = "application_name=counted";
  const auto storage = open(settings);
  ASSERT_TRUE(storage.ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*storage)->findGrant("example", "alice@company.com").ok());
  const std::string last =
      database_->query("SELECT query FROM pg_stat_activity WHERE application_name = 'counted'");
  EXPECT_TRUE(last.starts_with("SELECT id, profile_id")) << last;
}

}  // namespace
}  // namespace agw::test
