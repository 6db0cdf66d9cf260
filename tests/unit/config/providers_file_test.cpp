#include "config/providers_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/nearest.hpp"
#include "config/references.hpp"
#include "config/yaml_tree.hpp"

namespace agw {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "CLIENT_ID") return "the-client";
  if (name == "CLIENT_SECRET") return "the-secret";
  return {};
}

ProvidersFile parse(const std::string& text) {
  return parseProviders(text, "providers.yaml", environment, "https://auth.example.com",
                        DeploymentKind::Development);
}

const std::string kEntry =
    "version: 1\nproviders:\n  one:\n    plugin: oauth2\n    client_id: ${CLIENT_ID}\n"
    "    client_secret: ${CLIENT_SECRET}\n    scopes: [openid, email]\n";

TEST(ProvidersFile, Entry_IsReadWithItsReferences) {
  const auto file =
      parse(kEntry +
            "    options: { token_url: \"https://id/${CLIENT_ID}\", n: 60, f: 1.5, b: true, s: \"60\" }\n");
  ASSERT_TRUE(file.faults.empty());
  const ProviderConfig& entry = file.providers.at(0);
  EXPECT_EQ(entry.clientId, "the-client");
  EXPECT_EQ(entry.clientSecret.reveal(), "the-secret");
  EXPECT_EQ(entry.scopes, (Scopes{"openid", "email"}));
  EXPECT_EQ(entry.redirectUri, "https://auth.example.com/auth/callback/one");
  EXPECT_FALSE(entry.allowPrivate);
  EXPECT_FALSE(entry.identity);
  EXPECT_EQ(entry.options.at("token_url").as_string(), "https://id/the-client");
  EXPECT_EQ(entry.options.at("n").as_int64(), 60);
  EXPECT_EQ(entry.options.at("f").as_double(), 1.5);
  EXPECT_TRUE(entry.options.at("b").as_bool());
  EXPECT_EQ(entry.options.at("s").as_string(), "60");
}

TEST(ProvidersFile, Refresh_IsReadAndHasDefaults) {
  const auto of = [](const std::string& text) { return parse(kEntry + text).providers.at(0).refresh; };
  EXPECT_EQ(of("").proactive, Proactive::All);
  EXPECT_EQ(of("").perSecond, 250);
  EXPECT_EQ(of("    refresh: { proactive: active, per_second: 20 }\n").proactive, Proactive::Active);
  EXPECT_EQ(of("    refresh: { proactive: active, per_second: 20 }\n").perSecond, 20);
  EXPECT_EQ(of("    refresh: { proactive: off }\n").proactive, Proactive::Off);
}

// I12: a flow remembers the fingerprint of the entry that asked.
TEST(ProvidersFile, Fingerprint_ChangesWithTheClientAndStaysWithANewSecret) {
  const auto of = [](std::string text) { return parse(text).providers.at(0).fingerprint; };
  const std::string first = of(kEntry);
  std::string otherClient = kEntry;
  otherClient.replace(otherClient.find("${CLIENT_ID}"), 12, "other");
  std::string otherSecret = kEntry;
  otherSecret.replace(otherSecret.find("${CLIENT_SECRET}"), 16, "${CLIENT_ID}");
  EXPECT_EQ(first, of(kEntry));
  EXPECT_NE(first, of(otherClient));
  EXPECT_EQ(first, of(otherSecret));
  EXPECT_NE(first, of(kEntry + "    options: { token_url: https://other.example }\n"));
  EXPECT_NE(first, of(kEntry + "    allow_private: true\n"));
}

TEST(ProvidersFile, Option_IsFoundInTheFile) {
  const auto file = parse(
      kEntry + "    options:\n      token_url: x\n      authorization_params:\n        prompt: consent\n");
  const auto nested = file.locate("one", "/authorization_params/prompt");
  EXPECT_EQ(nested.text(), "providers.yaml:11:9: providers.one.options.authorization_params.prompt: ");
  const auto above = file.locate("one", "/authorization_params/absent");
  EXPECT_EQ(above.line, 10);
  const auto absent = file.locate("one", "/absent");
  EXPECT_EQ(absent.line, 9);
  EXPECT_EQ(file.locatePlugin("one").line, 4);
}

TEST(ProvidersFile, File_ThatIsNotThere_IsOneFault) {
  const auto file = readProviders("/nonexistent/providers.yaml", environment, "http://localhost:8000",
                                  DeploymentKind::Development);
  ASSERT_EQ(file.faults.size(), 1U);
  EXPECT_NE(file.faults[0].text().find("cannot be opened"), std::string::npos);
}

// I11
TEST(ProvidersFile, File_LargerThanOneMebibyte_IsRefused) {
  const auto file = parse(kEntry + std::string(1U << 20, '#') + "\n");
  ASSERT_EQ(file.faults.size(), 1U);
  EXPECT_NE(file.faults[0].message.find("larger than 1 MiB"), std::string::npos);
}

// I11
TEST(ProvidersFile, Values_InMillions_AreRefused) {
  std::string text = "version: 1\nproviders: [";
  for (int i = 0; i < 100'000; ++i) text += "a,";
  const auto file = parse(text + "a]\n");
  ASSERT_EQ(file.faults.size(), 1U);
  EXPECT_NE(file.faults[0].message.find("20,000 values"), std::string::npos);
}

// I10: whatever a writer has written so far, half a file is never a smaller valid file.
TEST(ProvidersFile, AnyPrefixOfTheFile_IsRefusedOrHasEveryRequiredKey) {
  const std::string whole = kEntry + "    redirect_uri: https://auth.example.com/cb\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file = parse(whole.substr(0, size));
    if (anyError(file.faults)) continue;
    ASSERT_EQ(whole[size - 1], '\n') << "a file that ends within a line was taken";
    for (const auto& entry : file.providers) EXPECT_EQ(entry.scopes, (Scopes{"openid", "email"}));
  }
}

// I13: a secret in any broken place of the file is not in what is told about it.
TEST(ProvidersFile, SyntaxErrorsAroundASecret_DoNotQuoteIt) {
  const std::string canary = "CANARY-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  for (const std::string& line : {"client_secret: *" + canary,
                                  "client_secret: &" + canary,
                                  "client_secret: !" + canary,
                                  "client_secret: [" + canary,
                                  "client_secret: {" + canary,
                                  "client_secret: \"" + canary,
                                  "client_secret: '" + canary,
                                  "client_secret: %" + canary,
                                  "client_secret: `" + canary,
                                  "client_secret: @" + canary,
                                  "client_secret: \"\\" + canary + "\"",
                                  "client_secret: ${" + canary,
                                  "client_secret: ${" + canary + "!}",
                                  "client_secret: file:" + canary,
                                  canary + ": x",
                                  "identity: " + canary,
                                  "sha256: " + canary,
                                  "plugin: " + canary + "/",
                                  "allow_private: " + canary,
                                  "client_secret: - " + canary,
                                  "client_secret: ? " + canary,
                                  "client_secret: a: " + canary,
                                  "options: { " + canary + ": ~ }",
                                  "redirect_uri: " + canary}) {
    const auto file = parse("version: 1\nproviders:\n  one:\n    " + line + "\n");
    EXPECT_TRUE(anyError(file.faults)) << line;
    for (const auto& fault : file.faults)
      EXPECT_EQ(fault.text().find("CANARY"), std::string::npos) << fault.text();
  }
}

TEST(References, FileReference_GivesItsContentWithoutTheLastLineBreak) {
  std::string path = (std::filesystem::temp_directory_path() / "agw-reference-XXXXXX").string();
  const int descriptor = ::mkstemp(path.data());
  ASSERT_GE(descriptor, 0);
  ASSERT_EQ(::write(descriptor, "s3cret\n\n", 8), 8);
  ::close(descriptor);
  const auto resolved = resolveReferences("file:" + path, environment);
  std::filesystem::remove(path);
  EXPECT_EQ(resolved.text, "s3cret\n");
  EXPECT_TRUE(resolved.referenced);
  EXPECT_TRUE(resolved.missing.empty());
}

TEST(References, Text_MixesWithVariables) {
  EXPECT_EQ(resolveReferences("https://${CLIENT_ID}.example/${UNSET:-v2}/$x$${y}", environment).text,
            "https://the-client.example/v2/$x${y}");
}

TEST(References, FileTwinOfAVariable_IsRead) {
  const Environment twin = [](const std::string& name) -> std::optional<std::string> {
    return name == "TOKEN_FILE" ? std::optional<std::string>("/nonexistent/token") : std::nullopt;
  };
  const auto resolved = resolveReferences("${TOKEN}", twin);
  ASSERT_EQ(resolved.faults.size(), 1U);
  EXPECT_EQ(resolved.faults[0], "TOKEN_FILE: the file cannot be opened");
}

TEST(Nearest, Word_FindsTyposAndNotStrangers) {
  const std::vector<std::string> words{"client_id", "client_secret", "scopes"};
  EXPECT_EQ(nearest("scope", words), "scopes");
  EXPECT_EQ(nearest("clinet_id", words), "client_id");
  EXPECT_EQ(nearest("SCOPES", words), "scopes");
  EXPECT_EQ(nearest("colour", words), "");
  EXPECT_EQ(nearest(std::string(500, 'x'), words), "");
}

}  // namespace
}  // namespace agw
