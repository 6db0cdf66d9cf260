#include "app/wiring.hpp"

#include "crypto/key_ring.hpp"

namespace agw {

Result<DatabaseSettings> databaseSettings(const Settings& settings) {
  return parseDatabaseUrl(settings.databaseUrl.reveal(), settings.databasePassword);
}

std::string shownDatabase(const DatabaseSettings& database) {
  if (database.kind == DatabaseSettings::Kind::Sqlite) return "sqlite:///" + database.path;
  return "postgresql://" + database.user + "@" + database.host + ":" + std::to_string(database.port) + "/" +
         database.name;
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
