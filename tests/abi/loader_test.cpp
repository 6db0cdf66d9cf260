#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>

#include "behaviour.hpp"
#include "provider_check.hpp"
#include "shelf.hpp"
#include "unit/plugin/scripted_services.hpp"

// The sentences are the interface here: an operator reads them.
namespace agw::test {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Loader, RightPlugins_LoadWhateverCompilerAndVersionMadeThem) {
  for (const char* name : {"minimal", "plain_c", "frozen_v1", "newer_minor"}) {
    const auto plugin = loadPlugin(shelf(name), "");
    ASSERT_TRUE(plugin.ok()) << plugin.error().message;
    EXPECT_EQ(plugin->id, name);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_THAT(refusal(shelf("libcxx/minimal")), IsEmpty());
#endif
}

TEST(Loader, Descriptor_IsReadWhole) {
  const auto plugin = loadPlugin(shelf("minimal"), "");
  ASSERT_TRUE(plugin.ok());
  EXPECT_EQ(plugin->displayName, "Minimal Example");
  EXPECT_EQ(plugin->version, "1.0.0");
  EXPECT_EQ(plugin->capabilities.pkce, Capabilities::Pkce::Optional);
  EXPECT_TRUE(plugin->capabilities.refresh);
  EXPECT_FALSE(plugin->capabilities.revoke);
  EXPECT_THAT(plugin->optionsSchema, HasSubstr("token_url"));
}

struct Fault {
  const char* plugin;
  const char* sentence;
  bool codeRuns;  ///< what is wrong stands in the descriptor, which only the code can show
};

class Shelf : public testing::TestWithParam<Fault> {};

TEST_P(Shelf, BrokenPlugin_IsRefusedWithItsReason) {  // I2
  const Bench bench;
  const auto file = bench.copy(GetParam().plugin);
  const auto sentence = refusal(file);
  EXPECT_THAT(sentence, StartsWith("Plugin " + file.string() + " "));
  EXPECT_THAT(sentence, EndsWith(GetParam().sentence));
  EXPECT_EQ(bench.codeRan(), GetParam().codeRuns);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Shelf,
    testing::Values(
        Fault{"no_symbol", "is not a provider: it exports no auth_gateway_provider_v1.", false},
        Fault{
            "missing_dependency",
            "cannot be linked: libagw_missing.so: cannot open shared object file: No such file or directory.",
            false},
        Fault{"wrong_major",
              "speaks version 2 of the plugin contract, this gateway version 1. Build it with this gateway's "
              "SDK.",
              true},
        Fault{"small_descriptor", "has a descriptor of 16 octets; the contract asks for 88.", true},
        Fault{"tiny_descriptor", "has a descriptor of 4 octets: too small to be one.", true},
        Fault{"null_descriptor", "returns no descriptor.", true},
        Fault{"throwing_entry", "returns no descriptor.", true},
        Fault{"no_call", "has no function to call.", true},
        Fault{"bad_id", "has an id with other characters than a-z, 0-9, _ and -.", true},
        Fault{"bad_schema", "has an options schema that is not a JSON object.", true},
        Fault{"unknown_keyword",
              "has an options schema that is wrong at /patternProperties: this keyword is not one that "
              "options are checked by.",
              true},
        Fault{"other_name", "calls itself another: name the file another.so.", true},
        Fault{"oauth2", "has the id of the built-in provider oauth2. Give it another.", true}),
    [](const auto& fault) { return std::string(fault.param.plugin); });

TEST(Loader, FileThatIsNoPlugin_IsRefusedBeforeAnyOfItRuns) {  // I2
  const Bench bench;
  EXPECT_THAT(refusal(bench.folder() / "none.so"), EndsWith("cannot be opened: No such file or directory."));
  EXPECT_THAT(refusal(bench.write("empty.so", "")), EndsWith("is empty."));
  EXPECT_THAT(refusal(bench.write("text.so", "#!/bin/sh\n")),
              EndsWith("is not a shared object (no ELF header)."));
  fs::create_directory(bench.folder() / "folder.so");
  EXPECT_THAT(refusal(bench.folder() / "folder.so"), EndsWith("is not a regular file."));
  const auto pipe = bench.folder() / "pipe.so";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal(pipe), EndsWith("is not a regular file."));
}

TEST(Loader, FileThatOthersMayWrite_IsRefused) {  // I1
  const Bench bench;
  const auto file = bench.copy("newer_minor");
  ::chmod(file.c_str(), 0757);
  EXPECT_THAT(refusal(file), EndsWith(file.string() + " is writable by group or others (chmod go-w " +
                                      file.string() + ")."));
  EXPECT_FALSE(bench.codeRan());
}

TEST(Loader, FolderThatOthersMayWrite_IsRefusedAtAnyHeight) {  // I1
  const Bench bench;
  const auto file = bench.copy("newer_minor");
  for (const auto& folder : {bench.folder(), bench.folder().parent_path()}) {
    ::chmod(folder.c_str(), 0777);
    EXPECT_THAT(refusal(file), HasSubstr(folder.string() + " is writable by group or others"));
    ::chmod(folder.c_str(), 0755);
  }
  EXPECT_FALSE(bench.codeRan());
}

TEST(Loader, StickyFolder_PassesAboveThePluginFolderAlone) {  // I1
  const Bench bench;
  const auto file = bench.copy("newer_minor");
  ::chmod(bench.folder().c_str(), 01777);
  EXPECT_THAT(refusal(file), HasSubstr(bench.folder().string() + " is writable by group or others"));
  ::chmod(bench.folder().c_str(), 0755);
  ::chmod(bench.folder().parent_path().c_str(), 01777);
  EXPECT_THAT(refusal(file), IsEmpty());
}

TEST(Loader, FileOfAnotherUser_IsRefused) {  // I1
  const Bench bench;
  const auto file = bench.copy("newer_minor");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    EXPECT_THAT(refusal(file), HasSubstr("belongs to another user: " + file.string()));
    EXPECT_FALSE(bench.codeRan());
  } else {
    // An ordinary user can give nothing away; but root's files are trusted by everybody.
    EXPECT_THAT(refusal("/etc/hostname"), EndsWith("is not a shared object (no ELF header)."));
  }
}

TEST(Loader, LinkOutOfTheFolder_IsRefused) {  // I1
  const Bench bench;
  const auto link = bench.folder() / "newer_minor.so";
  fs::create_symlink(shelf("newer_minor"), link);
  EXPECT_THAT(refusal(link),
              HasSubstr("is a link that leads out of its folder, to " + shelf("newer_minor").string()));
  EXPECT_FALSE(bench.codeRan());
}

TEST(Loader, PinnedDigest_MustBeTheFiles) {  // I1
  const Bench bench;
  const auto file = bench.copy("newer_minor");
  const auto sentence = refusal(file, std::string(64, '0'));
  EXPECT_THAT(sentence, HasSubstr("is not the pinned file: sha256 is "));
  EXPECT_FALSE(bench.codeRan());
  const auto digest = sentence.substr(sentence.find("sha256 is ") + 10, 64);
  EXPECT_THAT(refusal(file, digest), IsEmpty());
}

TEST(Loader, FileOverwrittenInPlace_DoesNotTouchWhatIsLoaded) {  // I3
  const Bench bench;
  const auto file = bench.copy("minimal");
  auto plugin = loadPlugin(file, "");
  ASSERT_TRUE(plugin.ok());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << "gone";
  ScriptedServices services;
  services.answer(200, R"({"access_token":"at"})");
  const auto provider = makeProvider(*plugin, gatewayConfig({}), services);
  EXPECT_TRUE(provider->exchange({Secret("code-1234"), Secret("verifier-1234"), {}}).ok());
}

TEST(Loader, SameBytes_AreMappedOnce) {
  const Bench bench;
  const auto first = loadPlugin(bench.write("minimal.so", bytesOf(shelf("minimal"))), "");
  const auto second = loadPlugin(shelf("minimal"), "");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->descriptor, second->descriptor);
}

TEST(Loader, DifferentFilesOfOneId_KeepTheirOwnCode) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const auto first = loadPlugin(shelf("minimal"), "");
  const auto second = loadPlugin(shelf("libcxx/minimal"), "");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->descriptor, second->descriptor);
#else
  EXPECT_TRUE(loadPlugin(shelf("minimal"), "").ok());
#endif
}

TEST(Scan, ReportsEachFileOfTheFolderInOrder) {
  const Bench bench;
  static_cast<void>(bench.copy("minimal"));
  static_cast<void>(bench.copy("minimal", "zweite"));
  static_cast<void>(bench.write("broken.so", "text"));
  static_cast<void>(bench.write("README.md", "not a plugin"));
  const auto scanned = scanPlugins(bench.folder());
  ASSERT_TRUE(scanned.ok());
  ASSERT_EQ(scanned->size(), 3U);
  EXPECT_EQ((*scanned)[0].file.filename(), "broken.so");
  EXPECT_FALSE((*scanned)[0].plugin.ok());
  EXPECT_TRUE((*scanned)[1].plugin.ok());
  const auto minimal = (bench.folder() / "minimal.so").string();
  ASSERT_FALSE((*scanned)[2].plugin.ok());
  EXPECT_THAT((*scanned)[2].plugin.error().message,
              EndsWith("zweite.so calls itself minimal, and so does " + minimal + ". Keep one of the two."));
}

TEST(Scan, FolderThatIsNotThere_IsTheOperatorsMistake) {
  const Bench bench;
  const auto scanned = scanPlugins(bench.folder() / "nowhere");
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().kind, ErrorKind::BadOption);
  EXPECT_THAT(scanned.error().message, HasSubstr("nowhere cannot be read: No such file or directory."));
}

TEST(Barrier, ThrowingPlugin_IsABugAndTheProcessLives) {  // I6
  for (const char* name : {"throws_std", "throws_foreign"}) {
    const auto plugin = loadPlugin(shelf(name), "");
    ASSERT_TRUE(plugin.ok()) << plugin.error().message;
    ScriptedServices services;
    const auto provider = makeProvider(*plugin, gatewayConfig({}), services);
    const auto tokens = provider->refresh({Secret("refresh-token-1"), Secret(), {}, Secret()});
    ASSERT_FALSE(tokens.ok());
    EXPECT_EQ(tokens.error().kind, ErrorKind::Bug);
    EXPECT_THAT(tokens.error().message + tokens.error().detail, testing::Not(HasSubstr("secret story")));
  }
}

TEST(ProviderCheck, BuiltinProvider_IsHeldToTheSameContract) {
  std::ostringstream out;
  Report report(out);
  checkBehaviour(*adoptPlugin(builtinOauth2()), boost::json::serialize(corpOptions()), report);
  EXPECT_EQ(report.close(), 0) << out.str();
}

std::string checked(const std::string& plugin) {
  std::ostringstream out;
  EXPECT_EQ(checkProvider(shelf(plugin), out), 1) << out.str();
  return out.str();
}

TEST(ProviderCheck, NamesTheFaultsThatTheLoaderLetsPass) {
  EXPECT_THAT(checked("two_exports"),
              HasSubstr("FAIL  it exports auth_gateway_provider_v1 and nothing else"));
  EXPECT_THAT(checked("kills_on_unknown"),
              HasSubstr("FAIL  exchange, 400 with an unknown word: the right status: it answers GRANT_DEAD"));
  EXPECT_THAT(checked("throws_std"), HasSubstr("it answers with an exception"));
  EXPECT_THAT(checked("wrong_major"), HasSubstr("FAIL  the gateway loads it"));
  EXPECT_THAT(checked("wrong_major"), EndsWith("0 passed, 1 failed\n"));
}

}  // namespace
}  // namespace agw::test
