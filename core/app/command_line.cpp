#include "app/command_line.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

#include "app/process_environment.hpp"
#include "config/nearest.hpp"

namespace agw {
namespace {

/// New files are for this user alone, and no core file or debugger of another process shows the memory with
/// its keys.
void harden() {
  ::umask(S_IRWXG | S_IRWXO);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // its leak check attaches to the process
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/// The words after the options, as CLI11 reads them, and what is to run.
class CommandLine {
 public:
  explicit CommandLine(const CommandContext& context) : context_(context) {
    app_.description(
        "One service that holds a company's OAuth grants and hands out living access tokens.\n"
        "Settings come from the environment; docs/configuration.md has every variable.");
    app_.require_subcommand(1);
    app_.set_version_flag("--version", versionText);
    addServe();
    addConfig();
    addPlugins();
    addKeys();
    addDatabase();
    addApiKeys();
    auto* version = app_.add_subcommand("version", "Versions of the gateway and of its libraries");
    runs(version, [this] {
      context_.out << versionText() << "\n";
      return 0;
    });
  }

  int run(std::vector<std::string> words) {
    if (words.empty()) {
      context_.err << app_.help();
      return 2;
    }
    if (const int code = refuseUnknown(words.front()); code != 0) return code;
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
      app_.parse(words);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, context_.out, context_.err) == 0 ? 0 : 2;
    }
    return code_;
  }

 private:
  int refuseUnknown(const std::string& word) {
    if (word.starts_with('-')) return 0;
    std::vector<std::string> names;
    for (const auto* command : app_.get_subcommands({})) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), word) != names.end()) return 0;
    context_.err << "auth-gateway: there is no command " << shown(word) << didYouMean(word, names)
                 << "\nRun auth-gateway --help for the list.\n";
    return 2;
  }

  void runs(CLI::App* command, std::function<int()> work) {
    command->callback([this, work = std::move(work)] { code_ = work(); });
  }

  void addServe() {
    auto* command = app_.add_subcommand(
        "serve", "Run the gateway until SIGTERM; SIGHUP reads providers.yaml and the TLS certificate again");
    command->add_option("--config", file_, "providers.yaml, instead of AUTH_GATEWAY_CONFIG");
    runs(command, [this] { return serve(context_, file_); });
  }

  void addConfig() {
    auto* config = app_.add_subcommand("config", "Look at the configuration");
    config->require_subcommand(1);
    auto* check =
        config->add_subcommand("check", "Report every fault of providers.yaml and of the environment");
    check->add_option("FILE", file_, "providers.yaml, instead of AUTH_GATEWAY_CONFIG");
    runs(check, [this] { return configCheck(context_, file_); });
  }

  void addPlugins() {
    auto* plugins = app_.add_subcommand("plugins", "Look at provider plugins");
    plugins->require_subcommand(1);
    auto* check =
        plugins->add_subcommand("check", "Hold plugin files to the contract and say what is wrong with them");
    check->add_option("FILE", pluginFiles_, "The .so files")->required();
    runs(check, [this] { return checkPlugins(context_, {pluginFiles_.begin(), pluginFiles_.end()}); });
    auto* list =
        plugins->add_subcommand("list", "What the built-in plugin and those of the plugin folder can do");
    list->add_flag("--json", json_, "For programs, instead of a table");
    runs(list, [this] { return listPlugins(context_, json_); });
  }

  void addKeys() {
    auto* command = app_.add_subcommand("generate-keys", "Print a new encryption key");
    auto* apiKey = command->add_flag("--api-key", keyRequest_.apiKey, "A root API key instead");
    command
        ->add_flag("--rotate", keyRequest_.rotate,
                   "A new key in front of the current ones, as lines for .env")
        ->excludes(apiKey);
    runs(command, [this] { return generateKeys(context_, keyRequest_); });
  }

  void addDatabase() {
    auto* init = app_.add_subcommand("init-db", "Create the database or bring it up to date");
    init->add_flag("--seed", seed_, "Also write the configured providers into it");
    init->add_option("--config", file_, "providers.yaml, instead of AUTH_GATEWAY_CONFIG");
    runs(init, [this] { return initDatabase(context_, seed_, file_); });
    auto* reencrypt =
        app_.add_subcommand("reencrypt-tokens", "Bring every stored secret to the first key, beside traffic");
    reencrypt->add_flag("--dry-run", dryRun_, "Count rows by key and write nothing");
    runs(reencrypt, [this] { return reencryptTokens(context_, dryRun_); });
  }

  void addApiKeys() {
    auto* keys = app_.add_subcommand("api-keys", "Keys of callers");
    keys->require_subcommand(1);
    auto* create = keys->add_subcommand("create", "Make a key and print it once");
    create->add_option("--name,NAME", newKey_.name, "How people call it")->required()->check(isName());
    create
        ->add_option("--operations,--operation", operations_,
                     "consent, token, list, revoke, import, metrics; or *")
        ->required()
        ->delimiter(',');
    create->add_option("--providers,--provider", newKey_.permissions.providers, "Provider ids; or *")
        ->required()
        ->delimiter(',');
    create
        ->add_option("--owners,--owner", newKey_.permissions.owners,
                     "E-mail addresses, *@domain, org:ID, org:*; or *")
        ->required()
        ->delimiter(',');
    constexpr int kTenYears = 3'650;
    create->add_option("--expires-days", newKey_.expiresDays, "Days of its life; without it, no end")
        ->check(CLI::Range(1, kTenYears));
    runs(create, [this] { return create_(); });
    runs(keys->add_subcommand("list", "All keys, without their secrets"),
         [this] { return listApiKeys(context_); });
    auto* revoke = keys->add_subcommand("revoke", "End a key at once");
    revoke->add_option("KEY", keyName_, "Its id or name")->required();
    runs(revoke, [this] { return revokeApiKey(context_, keyName_); });
  }

  static CLI::Validator isName() {
    return {[](std::string& text) {
              const bool good = !text.empty() && text.size() <= 64 &&
                                std::all_of(text.begin(), text.end(), [](unsigned char c) {
                                  return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                                });
              return good ? std::string() : "a name has letters, digits, -, _ and ., at most 64";
            },
            ""};
  }

  int create_() {
    for (const auto& word : operations_) {
      if (word == "*") {
        newKey_.permissions.operations = Permissions::all().operations;
        break;
      }
      const auto operation = operationFromText(word);
      if (!operation) {
        context_.err << "auth-gateway: --operations: allowed are consent, token, list, revoke, import, "
                        "metrics and *\n";
        return 2;
      }
      newKey_.permissions.operations.push_back(*operation);
    }
    return createApiKey(context_, newKey_);
  }

  const CommandContext& context_;
  CLI::App app_{"", "auth-gateway"};
  int code_ = 2;
  std::string file_;
  std::vector<std::string> pluginFiles_;
  bool json_ = false;
  KeyRequest keyRequest_;
  bool seed_ = false;
  bool dryRun_ = false;
  NewApiKey newKey_;
  std::vector<std::string> operations_;
  std::string keyName_;
};

}  // namespace

int runCommand(std::vector<std::string> words, const CommandContext& context) {
  return CommandLine(context).run(std::move(words));
}

int runCommand(int argc, char** argv) {
  harden();
  const ProcessEnvironment environment = ProcessEnvironment::take();
  const SystemClock clock;
  SystemRandom random;
  const CommandContext context{.environment = environment.reader(),
                               .variableNames = environment.names(),
                               .out = std::cout,
                               .err = std::cerr,
                               .clock = clock,
                               .random = random};
  return runCommand(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), context);
}

}  // namespace agw
