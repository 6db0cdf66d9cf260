#include "support/postgres.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <random>

namespace agw::test {
namespace {

std::string queryOn(const DatabaseSettings& where, const std::string& sql) {
  const std::string port = std::to_string(where.port);
  const std::string password(where.password.reveal());
  const char* keywords[] = {"host", "port", "user", "password", "dbname", nullptr};
  const char* values[] = {where.host.c_str(), port.c_str(),       where.user.c_str(),
                          password.c_str(),   where.name.c_str(), nullptr};
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdbParams(keywords, values, 0),
                                                              PQfinish);
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    ADD_FAILURE() << PQerrorMessage(connection.get());
    return {};
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace

PostgresDatabase::PostgresDatabase() {
  const char* url = std::getenv("AGW_TEST_POSTGRES_URL");
  if (!url || !*url) {
    ADD_FAILURE() << "AGW_TEST_POSTGRES_URL is not set. Run the tests by: tests/support/with-postgres ctest";
    return;
  }
  auto parsed = parseDatabaseUrl(url, Secret());
  if (!parsed) {
    ADD_FAILURE() << parsed.error().message;
    return;
  }
  server_ = *parsed;
  std::random_device random;
  const std::string name = "agw_" + std::to_string(random()) + "_" + std::to_string(random());
  queryOn(server_, "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'");
  settings_ = server_;
  settings_.name = name;
}

PostgresDatabase::~PostgresDatabase() {
  if (exists()) queryOn(server_, "DROP DATABASE " + settings_.name + " WITH (FORCE)");
}

std::string PostgresDatabase::query(const std::string& sql) const {
  return queryOn(settings_, sql);
}

void PostgresDatabase::empty() const {
  query(
      "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = "
      "'public' "
      "AND tablename <> 'schema_migrations' LOOP EXECUTE 'DELETE FROM ' || quote_ident(name); END LOOP; END "
      "$$");
}

}  // namespace agw::test
