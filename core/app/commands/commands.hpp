#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "domain/caller.hpp"

namespace agw {

/// What a command works with. Results go to `out`, words about them to `err`, so that results can be piped.
struct CommandContext {
  Environment environment;
  std::vector<std::string> variableNames;  ///< all that are set
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  Random& random;
};

// Every command returns the process's exit code: 0 or 1. No secret is ever an argument: other users see
// those.

/// The service itself, until SIGTERM.
[[nodiscard]] int serve(const CommandContext& context, const std::string& providersFile);

/// Every fault of providers.yaml and of the environment, or a summary.
[[nodiscard]] int configCheck(const CommandContext& context, const std::string& providersFile);

/// Prints one new key, and nothing else, to `out`.
struct KeyRequest {
  bool apiKey = false;  ///< a root API key instead of an encryption key
  bool rotate = false;  ///< both lines for .env: a new first key, and the current keys behind it
};
[[nodiscard]] int generateKeys(const CommandContext& context, const KeyRequest& request);

[[nodiscard]] int initDatabase(const CommandContext& context, bool seed, const std::string& providersFile);
[[nodiscard]] int reencryptTokens(const CommandContext& context, bool dryRun);

struct NewApiKey {
  std::string name;
  Permissions permissions;
  int expiresDays = 0;  ///< 0: never
};
[[nodiscard]] int createApiKey(const CommandContext& context, const NewApiKey& request);
[[nodiscard]] int listApiKeys(const CommandContext& context);
[[nodiscard]] int revokeApiKey(const CommandContext& context, const std::string& idOrName);

/// Loads each file as the gateway would and holds it to the plugin contract.
[[nodiscard]] int checkPlugins(const CommandContext& context,
                               const std::vector<std::filesystem::path>& files);
/// What every usable plugin can do: a Markdown table, or JSON for programs. Refused files are told apart; 1
/// then.
[[nodiscard]] int listPlugins(const CommandContext& context, bool json);

/// Version of the gateway and of the libraries that it runs with.
[[nodiscard]] std::string versionText();
/// What is wrong with the libraries of this machine; empty when nothing.
[[nodiscard]] std::string libraryFault();

}  // namespace agw
