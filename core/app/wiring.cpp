#include "app/wiring.hpp"

#include "crypto/key_ring.hpp"

namespace agw {

DatabaseSettings databaseSettings(const Settings& settings) {
  const DatabaseAddress& address = settings.database;
  DatabaseSettings database;
  database.kind = address.kind == DatabaseAddress::Kind::Sqlite ? DatabaseSettings::Kind::Sqlite
                                                                : DatabaseSettings::Kind::Postgres;
  database.path = address.path;
  database.host = address.host;
  database.port = address.port;
  database.user = address.user;
  database.password = address.password;
  database.name = address.name;
  database.parameters = address.parameters;
  return database;
}

HttpClientSettings httpClientSettings(const Settings& settings) {
  HttpClientSettings http;
  http.allowPlainHttp = settings.deployment == DeploymentKind::Development;
  http.caFile = settings.caFile;
  http.userAgent = "auth-gateway/" AGW_VERSION;
  return http;
}

Result<std::vector<FernetKey>> keyRing(const Settings& settings) {
  return makeKeyRing(settings.encryptionKey, settings.encryptionKeySalt, settings.rotationKeys);
}

std::filesystem::path binaryFolder() {
  std::error_code fault;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", fault);
  return fault ? std::filesystem::current_path() : binary.parent_path();
}

std::filesystem::path pluginFolder(const Settings& settings) {
  if (!settings.pluginDir.empty()) return std::filesystem::absolute(settings.pluginDir).lexically_normal();
  return binaryFolder().parent_path() / "plugins";
}

}  // namespace agw
