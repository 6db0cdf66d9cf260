#include <ostream>
#include <thread>

#include "app/commands/common.hpp"
#include "app/key_guard.hpp"
#include "app/provider_set.hpp"
#include "app/reencrypt.hpp"
#include "app/wiring.hpp"
#include "broker/places.hpp"

namespace agw {
namespace {

// Ten of these are longer than the lease of a refresh.
constexpr std::chrono::seconds kBusyPause{2};

std::string optionText(const ProviderConfig& entry, const char* name) {
  const auto* value = entry.options.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<ProviderRow> rowOf(const ProviderConfig& entry, const Vault& vault) {
  ProviderRow row;
  row.id = entry.id;
  row.plugin = entry.plugin;
  row.clientId = entry.clientId;
  row.authorizationUrl = optionText(entry, "authorization_url");
  row.tokenUrl = optionText(entry, "token_url");
  row.scopes = entry.scopes;
  if (entry.clientSecret.empty()) return row;
  auto sealed = vault.seal(placeOf(row), entry.clientSecret);
  if (!sealed) return std::move(sealed).error();
  row.clientSecret = std::move(*sealed);
  return row;
}

int seedProviders(const CommandContext& context, const Settings& settings, Storage& storage, Log& log) {
  auto ring = keyRing(settings);
  if (!ring) return fail(context, ring.error());
  const Vault vault(std::move(*ring), context.clock, context.random);
  if (auto guarded = guardKeys(storage, vault, log); !guarded) return fail(context, guarded.error());
  const auto file =
      readProviders(settings.providersFile, context.environment, settings.callbackBase, settings.deployment);
  for (const auto& fault : file.faults) context.err << fault.text() << "\n";
  if (anyError(file.faults)) return 1;
  std::vector<std::string> written;
  for (const auto& entry : file.providers) {
    if (!entry.missing.empty()) {
      context.err << "auth-gateway: " << entry.id << " is left out; not set: " << joinWords(entry.missing)
                  << "\n";
      continue;
    }
    const auto row = rowOf(entry, vault);
    if (!row) return fail(context, row.error());
    if (auto put = storage.putProvider(*row); !put) return fail(context, put.error());
    written.push_back(entry.id);
  }
  context.out << "Providers written: " << (written.empty() ? "none" : joinWords(written)) << ".\n";
  return 0;
}

void tellCensus(const CommandContext& context, const KeyCensus& census,
                const std::vector<std::string>& order) {
  context.out << census.rows << " rows hold ciphertext:\n";
  for (std::size_t i = 0; i < order.size(); ++i) {
    context.out << "  key " << order[i] << (i == 0 ? " (first, encrypts)" : " (rotation)") << ": "
                << census.rowsByKey.at(order[i]) << "\n";
  }
  if (census.unreadable > 0) context.out << "  no key, or not in its place: " << census.unreadable << "\n";
}

/// Says which keys may go, or why none may. Only an empty-handed census frees a key.
int finish(const CommandContext& context, Storage& storage, const Vault& vault, const KeyCensus& census) {
  const auto order = vault.fingerprints();
  if (census.unreadable > 0) {
    return fail(
        context,
        {.kind = ErrorKind::Integrity,
         .message = std::to_string(census.unreadable) +
                    " rows cannot be read by these keys, so no key is called free. Add the key that made "
                    "them to AUTH_GATEWAY_ROTATION_KEYS, or restore the rows from a backup."});
  }
  if (!census.onlyOn(order.front())) {
    return fail(
        context,
        {.kind = ErrorKind::Conflict,
         .message =
             "Rows still need earlier keys: they were busy all the time, or a gateway that encrypts with "
             "one of them is running. Restart every gateway with the new first key, then run this "
             "again."});
  }
  if (auto recorded = recordOnlyFirstKey(storage, vault); !recorded) return fail(context, recorded.error());
  if (order.size() == 1) {
    context.out << "Every row is on the key " << order.front() << ".\n";
  } else {
    context.out << "Every row is on the key " << order.front()
                << ". These keys are free and may leave AUTH_GATEWAY_ROTATION_KEYS: "
                << joinWords({order.begin() + 1, order.end()}) << ".\n";
  }
  return 0;
}

}  // namespace

int initDatabase(const CommandContext& context, bool seed, const std::string& providersFile) {
  auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings) return 1;
  if (!providersFile.empty()) settings->providersFile = providersFile;
  if (seed && settings->encryptionKey.empty()) {
    return fail(
        context,
        {.kind = ErrorKind::BadOption,
         .message = "--seed stores client secrets encrypted and needs AUTH_GATEWAY_ENCRYPTION_KEY; make "
                    "one with: auth-gateway generate-keys"});
  }
  auto database = openDatabase(context, *settings, SchemaPolicy::Migrate);
  if (!database) return fail(context, database.error());
  context.out << "The database " << database->shown << " is ready.\n";
  return seed ? seedProviders(context, *settings, *database->storage, *database->log) : 0;
}

int reencryptTokens(const CommandContext& context, bool dryRun) {
  auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings) return 1;
  if (settings->encryptionKey.empty()) {
    return fail(context,
                {.kind = ErrorKind::BadOption, .message = "AUTH_GATEWAY_ENCRYPTION_KEY is not set."});
  }
  auto ring = keyRing(*settings);
  if (!ring) return fail(context, ring.error());
  auto database = openDatabase(context, *settings, SchemaPolicy::Require);
  if (!database) return fail(context, database.error());
  const Vault vault(*ring, context.clock, context.random);
  Reencryption reencryption(
      *database->storage, vault, *ring,
      [&](const std::string& line) { context.err << line << "\n"
                                                 << std::flush; },
      [] { std::this_thread::sleep_for(kBusyPause); });
  if (dryRun) {
    const auto census = reencryption.count();
    if (!census) return fail(context, census.error());
    tellCensus(context, *census, vault.fingerprints());
    return 0;
  }
  if (auto guarded = guardKeys(*database->storage, vault, *database->log); !guarded)
    return fail(context, guarded.error());
  const auto replaced = reencryption.run();
  if (!replaced) return fail(context, replaced.error());
  context.out << *replaced << " rows re-encrypted.\n";
  const auto census = reencryption.count();
  if (!census) return fail(context, census.error());
  tellCensus(context, *census, vault.fingerprints());
  return finish(context, *database->storage, vault, *census);
}

}  // namespace agw
