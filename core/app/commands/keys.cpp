#include <ostream>

#include "app/api_key.hpp"
#include "app/commands/common.hpp"
#include "app/wiring.hpp"

namespace agw {
namespace {

int printApiKey(const CommandContext& context) {
  const auto key = makeApiKey(context.random);
  if (!key) return fail(context, key.error());
  context.out << key->reveal() << "\n";
  context.err
      << "The root API key: put it into AUTH_GATEWAY_API_KEY, or into the file that "
         "AUTH_GATEWAY_API_KEY_FILE "
         "names. It may do everything; give callers keys of their own with: auth-gateway api-keys create\n";
  return 0;
}

int printRotation(const CommandContext& context, const Secret& next) {
  auto settings = settingsFor(context, SettingsUse::Tool);
  if (!settings) return 1;
  if (settings->encryptionKey.empty()) {
    return fail(
        context,
        {.kind = ErrorKind::BadOption,
         .message = "There is no current key to rotate: AUTH_GATEWAY_ENCRYPTION_KEY is not set. Make a "
                    "first one with: auth-gateway generate-keys"});
  }
  if (!settings->encryptionKeySalt.empty()) {
    return fail(
        context,
        {.kind = ErrorKind::BadOption,
         .message =
             "The current key is a passphrase, whose salt stays with it. Run generate-keys without "
             "--rotate only for a new database; docs/operations.md tells how a passphrase is changed"});
  }
  if (const auto ring = keyRing(*settings); !ring) return fail(context, ring.error());
  context.out << "AUTH_GATEWAY_ENCRYPTION_KEY=" << next.reveal() << "\n";
  context.out << "AUTH_GATEWAY_ROTATION_KEYS=" << settings->encryptionKey.reveal();
  for (const auto& key : settings->rotationKeys) context.out << "," << key.reveal();
  context.out << "\n";
  context.err
      << "Replace both lines in .env, restart every gateway, then run: auth-gateway reencrypt-tokens\n"
         "It says when the earlier keys may go. Keep them with the backups that were made under them.\n";
  return 0;
}

}  // namespace

int generateKeys(const CommandContext& context, const KeyRequest& request) {
  if (request.apiKey) return printApiKey(context);
  const auto key = FernetKey::generate(context.random);
  if (!key) return fail(context, key.error());
  const Secret text = key->text();
  if (request.rotate) return printRotation(context, text);
  context.out << text.reveal() << "\n";
  context.err
      << "The encryption key " << key->fingerprint()
      << ": put it into AUTH_GATEWAY_ENCRYPTION_KEY, or into the file that AUTH_GATEWAY_ENCRYPTION_KEY_FILE "
         "names. Without it the database cannot be read; keep a copy away from the backups of the "
         "database.\n";
  return 0;
}

}  // namespace agw
