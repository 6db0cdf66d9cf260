#include <gtest/gtest.h>

#include "storage/open.hpp"

namespace agw {
namespace {

DatabaseSettings parsed(std::string_view url, const std::string& password = "") {
  auto settings = parseDatabaseUrl(url, Secret(password));
  EXPECT_TRUE(settings.ok()) << url << ": " << (settings.ok() ? "" : settings.error().message);
  return settings.ok() ? *settings : DatabaseSettings();
}

TEST(DatabaseUrl, SqliteWithThreeSlashes_IsRelative) {
  EXPECT_EQ(parsed("sqlite:///var/auth-gateway.db").path, "var/auth-gateway.db");
  EXPECT_EQ(parsed("sqlite:///var/auth-gateway.db").kind, DatabaseSettings::Kind::Sqlite);
}
TEST(DatabaseUrl, SqliteWithFourSlashes_IsAbsolute) {
  EXPECT_EQ(parsed("sqlite:////srv/a%20b.db").path, "/srv/a b.db");
}

TEST(DatabaseUrl, Postgres_EveryPart) {
  const auto settings =
      parsed("postgresql://gate%40way:p%2Fw%20%27x@db.example:6543/grants?sslmode=verify-full");
  EXPECT_EQ(settings.kind, DatabaseSettings::Kind::Postgres);
  EXPECT_EQ(settings.user, "gate@way");
  EXPECT_EQ(settings.password.reveal(), "p/w 'x");
  EXPECT_EQ(settings.host, "db.example");
  EXPECT_EQ(settings.port, 6543);
  EXPECT_EQ(settings.name, "grants");
  EXPECT_EQ(settings.parameters, "sslmode=verify-full");
}
TEST(DatabaseUrl, PostgresShortScheme_DefaultsOfPortAndUser) {
  const auto settings = parsed("postgres://db.example/grants");
  EXPECT_EQ(settings.port, 5432);
  EXPECT_EQ(settings.user, "");
  EXPECT_TRUE(settings.password.empty());
}
TEST(DatabaseUrl, PasswordGivenApart_WinsOverTheUrls) {
  EXPECT_EQ(parsed("postgresql://u:inside@h/d", "apart").password.reveal(), "apart");
  EXPECT_EQ(parsed("postgresql://u@h/d", "apart").password.reveal(), "apart");
}
TEST(DatabaseUrl, PasswordWithColonAndAt_IsReadToTheLastAt) {
  EXPECT_EQ(parsed("postgresql://u:a:b@c@h/d").password.reveal(), "a:b@c");
}
TEST(DatabaseUrl, IPv6Address_InBrackets) {
  const auto settings = parsed("postgresql://u@[2001:db8::1]:5433/d");
  EXPECT_EQ(settings.host, "2001:db8::1");
  EXPECT_EQ(settings.port, 5433);
  EXPECT_EQ(parsed("postgresql://[::1]/d").host, "::1");
}
TEST(DatabaseUrl, SocketFolder_AsHostParameterOrEncodedHost) {
  const auto settings = parsed("postgresql://u@/d?host=/run/postgresql&application_name=gate%20way");
  EXPECT_EQ(settings.host, "/run/postgresql");
  EXPECT_EQ(settings.parameters, "application_name=gate%20way");
  EXPECT_EQ(parsed("postgresql://u@%2Frun%2Fpostgresql/d").host, "/run/postgresql");
}

class DatabaseUrlRefuses : public testing::TestWithParam<const char*> {};
TEST_P(DatabaseUrlRefuses, WithASentenceThatQuotesNoSecret) {
  const auto settings = parseDatabaseUrl(GetParam(), Secret());
  ASSERT_FALSE(settings.ok()) << GetParam();
  EXPECT_EQ(settings.error().kind, ErrorKind::BadOption);
  EXPECT_TRUE(settings.error().message.starts_with("DATABASE_URL: ")) << settings.error().message;
  EXPECT_EQ(settings.error().message.find("hunter2"), std::string::npos) << settings.error().message;
}
INSTANTIATE_TEST_SUITE_P(
    Urls, DatabaseUrlRefuses,
    testing::Values("", "mysql://u:hunter2@h/d", "sqlite:/x", "sqlite://relative.db", "sqlite:///",
                    "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "sqlite:///a%00.db",
                    "postgresql://u:hunter2@h", "postgresql://u:hunter2@h/", "postgresql://u:hunter2@h:0/d",
                    "postgresql://u:hunter2@h:65536/d", "postgresql://u:hunter2@h:5x/d",
                    "postgresql://u:hunter2@[::1/d", "postgresql://u:hunter2@[::1]x/d",
                    "postgresql://u:hunter2%@h/d", "postgresql://u:hunter2%00@h/d", "postgresql://u@h/d%ff",
                    // H10: nothing but what is listed may be set
                    "postgresql://u@h/d?password=hunter2", "postgresql://u@h/d?options=-c%20x",
                    "postgresql://u@h/d?service=x", "postgresql://u@h/d?passfile=/x",
                    "postgresql://u@h/d?hunter2", "postgresql://u@h/d?sslmode", "postgresql://u@h/d?sslmode=",
                    "postgresql://u@h/d?sslmode=%zz", "postgresql://u@h/d?sslmode=require&sslmode=disable",
                    "postgresql://u@h/d?SSLMODE=require"));

}  // namespace
}  // namespace agw
