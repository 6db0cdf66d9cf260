#include <iomanip>
#include <ostream>

#include "app/api_key.hpp"
#include "app/commands/common.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

std::string dateOf(const std::optional<TimePoint>& time) {
  return time ? toRfc3339(*time) : "never";
}

std::string operationsOf(const Permissions& permissions) {
  std::vector<std::string> words;
  words.reserve(permissions.operations.size());
  for (const Operation operation : permissions.operations) words.emplace_back(toString(operation));
  return joinWords(words);
}

std::string stateOf(const ApiKeyRecord& key, TimePoint now) {
  if (key.revokedAt) return "revoked";
  return key.expiresAt && *key.expiresAt <= now ? "expired" : "active";
}

void describe(std::ostream& stream, const ApiKeyRecord& key, TimePoint now) {
  stream << key.name << "  " << stateOf(key, now) << "\n"
         << "  id          " << key.id << "\n"
         << "  starts with " << key.prefix << "\n"
         << "  operations  " << operationsOf(key.permissions) << "\n"
         << "  providers   " << joinWords(key.permissions.providers) << "\n"
         << "  owners      " << joinWords(key.permissions.owners) << "\n"
         << "  created     " << toRfc3339(key.createdAt) << "\n"
         << "  expires     " << dateOf(key.expiresAt) << "\n"
         << "  last used   " << dateOf(key.lastUsedAt) << "\n";
}

Result<OpenDatabase> open(const CommandContext& context) {
  auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings)
    return Error{.kind = ErrorKind::BadOption, .message = "The environment has faults, listed above."};
  return openDatabase(context, *settings, SchemaPolicy::Require);
}

}  // namespace

int createApiKey(const CommandContext& context, const NewApiKey& request) {
  auto database = open(context);
  if (!database) return fail(context, database.error());
  const auto key = makeApiKey(context.random);
  if (!key) return fail(context, key.error());
  auto id = newUuid(context.random);
  if (!id) return fail(context, id.error());
  ApiKeyRecord record;
  record.id = std::move(*id);
  record.name = request.name;
  record.prefix = apiKeyPrefix(*key);
  record.keyHash = sha256Hex(key->reveal());
  record.permissions = request.permissions;
  record.createdAt = context.clock.now();
  if (request.expiresDays > 0)
    record.expiresAt = record.createdAt + std::chrono::hours(24) * request.expiresDays;
  const auto created = database->storage->createApiKey(record);
  if (!created && created.error().kind == ErrorKind::Conflict) {
    return fail(context,
                {.kind = ErrorKind::Conflict,
                 .message = "A key of that name is in use. Choose another name, or revoke it first with: "
                            "auth-gateway api-keys revoke NAME"});
  }
  if (!created) return fail(context, created.error());
  context.out << key->reveal() << "\n";
  describe(context.err, record, record.createdAt);
  context.err << "The key above is shown this once; the database has only its hash.\n";
  return 0;
}

int listApiKeys(const CommandContext& context) {
  auto database = open(context);
  if (!database) return fail(context, database.error());
  const auto keys = database->storage->listApiKeys();
  if (!keys) return fail(context, keys.error());
  if (keys->empty()) context.out << "No keys yet. Make one with: auth-gateway api-keys create --help\n";
  for (const auto& key : *keys) describe(context.out, key, context.clock.now());
  return 0;
}

int revokeApiKey(const CommandContext& context, const std::string& idOrName) {
  auto database = open(context);
  if (!database) return fail(context, database.error());
  const auto revoked = database->storage->revokeApiKey(idOrName, context.clock.now());
  if (!revoked && revoked.error().kind == ErrorKind::NotFound) {
    return fail(context,
                {.kind = ErrorKind::NotFound,
                 .message = "No living key has this id or name. See them with: auth-gateway api-keys list"});
  }
  if (!revoked) return fail(context, revoked.error());
  context.out << "Revoked.\n";
  return 0;
}

}  // namespace agw
