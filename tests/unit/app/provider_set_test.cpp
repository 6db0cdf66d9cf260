#include "app/provider_set.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/file_watch.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

/// Nothing here sends anything.
class NoServices final : public HostServices {
 public:
  Result<HttpResponse> send(const HttpRequest&) override { return refused(); }
  Result<boost::json::object> verifyIdToken(const Secret&, const IdTokenCheck&) override { return refused(); }
  Result<Secret> signJwt(const Secret&, const boost::json::object&) override { return refused(); }
  std::string hmacSha256(std::string_view, std::string_view) override { return {}; }
  TimePoint now() override { return {}; }

 private:
  static Error refused() { return {.kind = ErrorKind::Bug, .message = "nothing is sent in this test"}; }
};

const std::string kHead = "version: 1\nproviders:\n";

std::string entry(const std::string& id, const std::string& more = "") {
  return "  " + id +
         ":\n    plugin: oauth2\n    client_id: ${ID}\n    scopes: [openid]\n    options:\n"
         "      authorization_url: https://id.example/authorize\n      token_url: "
         "https://id.example/token\n" +
         more;
}

class Providers : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "agw-providers-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder = path;
    file = folder / "providers.yaml";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// As an editor saves: a new file takes the place of the old one.
  void write(const std::string& text) const {
    std::ofstream(folder / "draft") << text;
    std::filesystem::rename(folder / "draft", file);
  }
  ProviderSet make(bool configured = true) {
    return ProviderSet({.file = file,
                        .pluginDir = folder / "plugins",
                        .environment = [configured](const std::string& name) -> std::optional<std::string> {
                          if (configured && name == "ID") return "client";
                          return {};
                        },
                        .callbackBase = "https://auth.example.com",
                        .services = services,
                        .log = log});
  }

  std::filesystem::path folder;
  std::filesystem::path file;
  NoServices services;
  test::RecordingLog log;
};

TEST_F(Providers, ConfiguredEntry_IsFoundAndListed) {
  write(kHead + entry("one"));
  auto set = make();
  EXPECT_TRUE(set.load().empty());
  ASSERT_TRUE(set.find("one"));
  EXPECT_EQ(set.find("one").value()->config().redirectUri, "https://auth.example.com/auth/callback/one");
  ASSERT_EQ(set.list().size(), 1U);
  EXPECT_EQ(set.list()[0].state, LoadState::Ready);
}

TEST_F(Providers, UnknownName_IsNotFound) {
  write(kHead + entry("one"));
  auto set = make();
  ASSERT_TRUE(set.load().empty());
  EXPECT_EQ(set.find("two").error().code, "unknown_provider");
}

TEST_F(Providers, EntryWithoutItsVariables_SaysWhichToSet) {
  write(kHead + entry("one"));
  auto set = make(false);
  EXPECT_TRUE(set.load().empty());
  EXPECT_EQ(set.find("one").error().code, "provider_not_configured");
  EXPECT_EQ(set.list()[0].state, LoadState::NotConfigured);
  EXPECT_EQ(set.list()[0].reason, "Not set: ID");
}

// A plugin that is not there is a state that people see, without the folders of this machine, and the others
// work.
TEST_F(Providers, EntryWithoutItsPlugin_FailsAlone) {
  write(kHead + entry("one") + "  two:\n    plugin: absent\n    client_id: x\n    scopes: []\n");
  auto set = make();
  EXPECT_TRUE(set.load().empty());
  EXPECT_TRUE(set.find("one"));
  const auto status = set.list()[1];
  EXPECT_EQ(status.state, LoadState::Failed);
  EXPECT_NE(status.reason, "");
  EXPECT_EQ(status.reason.find(folder.string()), std::string::npos) << status.reason;
}

TEST_F(Providers, PluginThatOthersCouldChange_IsNotExplainedToCallers) {
  write(kHead + "  two:\n    plugin: absent\n    client_id: x\n    scopes: []\n");
  std::filesystem::create_directory(folder / "plugins");
  std::ofstream(folder / "plugins/absent.so") << "text";
  std::filesystem::permissions(folder / "plugins", std::filesystem::perms::all);
  auto set = make();
  EXPECT_TRUE(set.load().empty());
  for (const auto& told : {set.list()[0].reason, set.find("two").error().message})
    EXPECT_EQ(told.find(folder.string()), std::string::npos) << told;
  EXPECT_NE(log.lines().back().find("can be changed by others: " + (folder / "plugins").string()),
            std::string::npos)
      << "operators read it in the log: " << log.lines().back();
}

TEST_F(Providers, OptionThatThePluginDoesNotKnow_IsReportedWithItsLine) {
  write(kHead + entry("one", "      tokn_url: https://id.example/token\n"));
  auto set = make();
  const auto faults = set.load();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].line, 10);
  EXPECT_NE(faults[0].text().find("providers.one.options.tokn_url"), std::string::npos) << faults[0].text();
}

// I10
TEST_F(Providers, FaultyReload_KeepsTheRunningSetWhole) {
  write(kHead + entry("one"));
  auto set = make();
  ASSERT_TRUE(set.load().empty());
  const auto before = set.find("one").value();
  const std::string changed = kHead + entry("one", "      issuer: https://id.example\n") + entry("two");
  for (std::size_t size = 0; size < changed.size(); size += 7) {
    write(changed.substr(0, size));
    if (!anyError(set.load())) continue;
    EXPECT_EQ(set.find("one").value(), before) << "half a file of " << size << " characters changed the set";
  }
  write(changed + "    nonsense: 1\n");
  EXPECT_TRUE(anyError(set.load()));
  EXPECT_TRUE(set.find("one"));
}

// I12: whoever holds a provider can go on with it.
TEST_F(Providers, RemovedEntry_IsUnknownAndItsHolderGoesOn) {
  write(kHead + entry("one") + entry("two"));
  auto set = make();
  ASSERT_TRUE(set.load().empty());
  const auto held = set.find("two").value();
  write(kHead + entry("one"));
  ASSERT_TRUE(set.load().empty());
  EXPECT_EQ(set.find("two").error().code, "unknown_provider");
  EXPECT_EQ(held->config().id, "two");
  EXPECT_TRUE(held->authorizationUrl(
      {.state = "s", .nonce = "n", .codeChallenge = "c", .scopes = {"openid"}, .loginHint = ""}));
}

TEST_F(Providers, Watch_TellsOfAChangeOnceItIsAtRest) {
  write("a\n");
  FileWatch watch(file);
  EXPECT_FALSE(watch.changed());
  write("ab\n");
  EXPECT_FALSE(watch.changed()) << "it may still be written";
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

// I14
TEST_F(Providers, Watch_OfAThousandTouches_TellsOnce) {
  write("a\n");
  FileWatch watch(file);
  int told = 0;
  for (int i = 0; i < 1'000; ++i) {
    write(std::string(static_cast<std::size_t>(i % 50 + 2), 'b') + "\n");
    told += watch.changed() ? 1 : 0;
  }
  for (int i = 0; i < 3; ++i) told += watch.changed() ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST_F(Providers, Watch_OfAFileThatIsAway_Waits) {
  write("a\n");
  FileWatch watch(file);
  std::filesystem::remove(file);
  EXPECT_FALSE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

}  // namespace
}  // namespace agw
