#include "config/settings.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace agw {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr const char* kGoodKey = "agw_V3ryR4nd0mT3xtOf43CharactersThatNobodyKnows";

Environment reading(const Variables& values) {
  return [&values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

/// The least that serving needs.
Variables serving(Variables more = {}) {
  more.emplace("AUTH_GATEWAY_ENCRYPTION_KEY", "a-key-whose-form-the-key-ring-checks");
  more.emplace("AUTH_GATEWAY_API_KEY", kGoodKey);
  return more;
}

Variables production(Variables more = {}) {
  more.emplace("ENVIRONMENT", "production");
  more.emplace("OAUTH_CALLBACK_BASE", "https://auth.example.com");
  more.emplace("AUTH_GATEWAY_TRUSTED_PROXIES", "10.0.0.1");
  return serving(std::move(more));
}

std::string errorsOf(const SettingsResult& result) {
  std::string text;
  for (const auto& fault : result.faults) {
    if (!fault.warning) text += fault.text() + "\n";
  }
  return text;
}

SettingsResult read(const Variables& values, SettingsUse use = SettingsUse::Serve,
                    const std::vector<std::string>& names = {}) {
  return readSettings(reading(values), use, names);
}

/// A file with `content` that is gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content, mode_t mode = 0600) {
    std::string path = (std::filesystem::temp_directory_path() / "agw-settings-XXXXXX").string();
    const int descriptor = ::mkstemp(path.data());
    EXPECT_GE(descriptor, 0);
    EXPECT_EQ(::write(descriptor, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::fchmod(descriptor, mode);
    ::close(descriptor);
    path_ = path;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Settings, Serve_WithKeysAlone_HasTheDefaultsOfTheManual) {
  const auto values = serving();
  const auto result = read(values);
  EXPECT_EQ(errorsOf(result), "");
  const Settings& settings = result.settings;
  EXPECT_EQ(settings.databaseUrl.reveal(), "sqlite:///var/auth-gateway.db");
  EXPECT_EQ(settings.host, "127.0.0.1");
  EXPECT_EQ(settings.port, 8000);
  EXPECT_EQ(settings.callbackBase, "http://localhost:8000");
  EXPECT_EQ(settings.providersFile, "config/providers.yaml");
  EXPECT_TRUE(settings.pluginDir.empty());
  EXPECT_EQ(settings.deployment, DeploymentKind::Development);
  EXPECT_EQ(settings.flowLife, std::chrono::minutes(15));
  EXPECT_EQ(settings.refreshBuffer, std::chrono::seconds(300));
  EXPECT_EQ(settings.logLevel, LogLevel::Info);
  EXPECT_EQ(settings.logFormat, LogFormat::Json);
}

TEST(Settings, CallbackBase_Unset_FollowsThePort) {
  EXPECT_EQ(read(serving({{"PORT", "9100"}})).settings.callbackBase, "http://localhost:9100");
}

TEST(Settings, CallbackBase_WithSlash_LosesIt) {
  EXPECT_EQ(read(serving({{"OAUTH_CALLBACK_BASE", "https://auth.example.com/"}})).settings.callbackBase,
            "https://auth.example.com");
}

TEST(Settings, ManyFaults_AreToldAtOnce) {
  const auto result = read({{"ENVIRONMENT", "prod"},
                            {"PORT", "eighty"},
                            {"LOG_LEVEL", "loud"},
                            {"SESSION_EXPIRY_MINUTES", "0"},
                            {"AUTH_GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8,everybody"},
                            {"AUTH_GATEWAY_TLS_CERT", "/nonexistent/cert.pem"}});
  const std::string errors = errorsOf(result);
  for (const char* name :
       {"ENVIRONMENT: ", "PORT: ", "LOG_LEVEL: ", "SESSION_EXPIRY_MINUTES: ", "AUTH_GATEWAY_TLS_CERT: ",
        "AUTH_GATEWAY_TLS_KEY: ", "AUTH_GATEWAY_TRUSTED_PROXIES: ", "AUTH_GATEWAY_API_KEY: ",
        "AUTH_GATEWAY_ENCRYPTION_KEY: "}) {
    EXPECT_NE(errors.find(name), std::string::npos) << name << " is missing in:\n" << errors;
  }
}

TEST(Settings, Word_Unknown_NamesTheNearest) {
  EXPECT_EQ(errorsOf(read(serving({{"ENVIRONMENT", "prodution"}}))),
            "ENVIRONMENT: found \"prodution\", allowed are development, production or staging; did you mean "
            "\"production\"?\n");
}

TEST(Settings, Number_OutOfRange_NamesTheRange) {
  EXPECT_EQ(errorsOf(read(serving({{"PORT", "70000"}}))),
            "PORT: found \"70000\", allowed is a whole number from 0 to 65535\n");
}

TEST(Settings, Secret_FromItsFile_LosesOneLineBreak) {
  const TemporaryFile file(std::string(kGoodKey) + "\n");
  const auto result =
      read({{"AUTH_GATEWAY_API_KEY_FILE", file.path()}, {"AUTH_GATEWAY_ENCRYPTION_KEY", "k"}});
  EXPECT_EQ(errorsOf(result), "");
  EXPECT_EQ(result.settings.rootApiKey.reveal(), kGoodKey);
}

TEST(Settings, Variable_AndItsFileTwin_ExcludeEachOther) {
  const TemporaryFile file(kGoodKey);
  const auto result = read(serving({{"AUTH_GATEWAY_API_KEY_FILE", file.path()}}));
  EXPECT_NE(errorsOf(result).find("both AUTH_GATEWAY_API_KEY and AUTH_GATEWAY_API_KEY_FILE are set"),
            std::string::npos);
}

TEST(Settings, FileTwin_ThatIsNotThere_IsNamed) {
  const auto result =
      read({{"AUTH_GATEWAY_API_KEY_FILE", "/nonexistent/key"}, {"AUTH_GATEWAY_ENCRYPTION_KEY", "k"}});
  EXPECT_NE(errorsOf(result).find("AUTH_GATEWAY_API_KEY_FILE: the file cannot be opened"), std::string::npos);
}

// F10
TEST(Settings, SecretFile_ThatOthersCanRead_IsWarnedAbout) {
  const TemporaryFile file(kGoodKey, 0644);
  const auto result =
      read({{"AUTH_GATEWAY_API_KEY_FILE", file.path()}, {"AUTH_GATEWAY_ENCRYPTION_KEY", "k"}});
  EXPECT_EQ(errorsOf(result), "");
  ASSERT_FALSE(result.faults.empty());
  EXPECT_EQ(
      result.faults.front().text(),
      "warning: AUTH_GATEWAY_API_KEY: AUTH_GATEWAY_API_KEY_FILE: the file can be read by every user of this "
      "machine; chmod 0600 it");
}

// F10
TEST(Settings, SecretFile_ThatOthersCanWrite_IsRefused) {
  const TemporaryFile file(kGoodKey, 0602);
  const auto result =
      read({{"AUTH_GATEWAY_API_KEY_FILE", file.path()}, {"AUTH_GATEWAY_ENCRYPTION_KEY", "k"}});
  EXPECT_NE(errorsOf(result).find("can be written by every user"), std::string::npos);
}

class WeakRootKey : public testing::TestWithParam<const char*> {};

// C3
TEST_P(WeakRootKey, IsRefused_WithoutTheValue) {
  const auto result = read({{"AUTH_GATEWAY_API_KEY", GetParam()}, {"AUTH_GATEWAY_ENCRYPTION_KEY", "k"}});
  const std::string errors = errorsOf(result);
  EXPECT_NE(errors.find("AUTH_GATEWAY_API_KEY: "), std::string::npos);
  EXPECT_NE(errors.find("generate-keys --api-key"), std::string::npos);
  EXPECT_EQ(errors.find(GetParam()), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Values, WeakRootKey,
    testing::Values("only-24-characters-long!", "just-one-short-of-32-characters",
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababababababababab",
                    "change-me-change-me-change-me-32-x", "your-secret-api-key-goes-right-here",
                    "this-is-an-example-key-for-the-gateway", "MyPassword-Is-Very-Long-And-Known-1",
                    "0123456789abcdef0123456789abcdef", "thirty-two characters with a blank",
                    "thirty-two-characters-with-\xc3\xa9-accent"));

TEST(Settings, Tool_NeedsNoKeys) {
  EXPECT_EQ(errorsOf(read({}, SettingsUse::Tool)), "");
}

TEST(Settings, Production_WithProxyAndHttps_Starts) {
  EXPECT_EQ(errorsOf(read(production())), "");
}

TEST(Settings, Production_WithoutTlsOrProxy_IsRefused) {
  auto values = production();
  values.erase("AUTH_GATEWAY_TRUSTED_PROXIES");
  EXPECT_NE(errorsOf(read(values)).find("production needs TLS"), std::string::npos);
}

TEST(Settings, Production_WithTlsHere_Starts) {
  const TemporaryFile certificate("x");
  const TemporaryFile key("x");
  auto values =
      production({{"AUTH_GATEWAY_TLS_CERT", certificate.path()}, {"AUTH_GATEWAY_TLS_KEY", key.path()}});
  values.erase("AUTH_GATEWAY_TRUSTED_PROXIES");
  EXPECT_EQ(errorsOf(read(values)), "");
}

TEST(Settings, Production_WithHttpBase_IsRefused) {
  auto values = production();
  values["OAUTH_CALLBACK_BASE"] = "http://localhost:8000";
  EXPECT_NE(errorsOf(read(values)).find("OAUTH_CALLBACK_BASE: it must start with https://"),
            std::string::npos);
}

TEST(Settings, Production_WithoutBase_IsRefused) {
  auto values = production();
  values.erase("OAUTH_CALLBACK_BASE");
  EXPECT_NE(errorsOf(read(values)).find("OAUTH_CALLBACK_BASE: not set"), std::string::npos);
}

// D13
TEST(Settings, PlainListener_ForOtherMachines_IsWarnedAbout) {
  const auto result = read(serving({{"HOST", "0.0.0.0"}}));
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_TRUE(result.faults.front().warning);
  EXPECT_EQ(result.faults.front().path, "HOST");
}

// C11
TEST(Settings, TrustedProxies_AreNetworks_AndNeverEverybody) {
  EXPECT_EQ(
      read(serving({{"AUTH_GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,::1"}})).settings.trustedProxies,
      (std::vector<std::string>{"10.0.0.0/8", "192.0.2.7/32", "::1/128"}));
  for (const char* wrong :
       {"0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0/8", "proxy.example.com", "10.0.0.1,", "10.0.0.1/x"}) {
    EXPECT_NE(errorsOf(read(serving({{"AUTH_GATEWAY_TRUSTED_PROXIES", wrong}}))), "") << wrong;
  }
}

TEST(Settings, RedirectAllowList_TakesHttpsAndThisMachineOnly) {
  EXPECT_EQ(read(serving({{"AUTH_GATEWAY_REDIRECT_ALLOW_LIST",
                           "https://app.example.com/done, http://localhost:3000"}}))
                .settings.redirectAllowList,
            (std::vector<std::string>{"https://app.example.com/done", "http://localhost:3000"}));
  for (const char* wrong :
       {"http://app.example.com", "app.example.com", "https://a@app.example.com", "javascript:alert(1)",
        "https://app.example.com/?x=1", "https://app.example.com/#x", "https://", "https://a b"}) {
    EXPECT_NE(errorsOf(read(serving({{"AUTH_GATEWAY_REDIRECT_ALLOW_LIST", wrong}}))), "") << wrong;
  }
}

TEST(Settings, PostgresParts_MakeTheUrl_AndTheLastPasswordStaysApart) {
  const auto result = read(serving({{"POSTGRES_HOST", "db.example.com"},
                                    {"POSTGRES_USER", "gate way"},
                                    {"POSTGRES_PASSWORD", "p@ss/word"},
                                    {"POSTGRES_DB", "grants"}}));
  EXPECT_EQ(result.settings.databaseUrl.reveal(), "postgresql://gate%20way@db.example.com:5432/grants");
  EXPECT_EQ(result.settings.databasePassword.reveal(), "p@ss/word");
}

TEST(Settings, DatabaseUrl_GoesBeforeTheParts_WithAWord) {
  const auto result = read(serving({{"DATABASE_URL", "sqlite:///x.db"}, {"POSTGRES_HOST", "db"}}));
  EXPECT_EQ(result.settings.databaseUrl.reveal(), "sqlite:///x.db");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_TRUE(result.faults.front().warning);
}

TEST(Settings, UnknownGatewayVariable_NamesTheNearest) {
  const auto result =
      read(serving(), SettingsUse::Serve,
           {"AUTH_GATEWAY_TRUSTED_PROXY", "AUTH_GATEWAY_API_KEY_FILE", "AUTH_GATEWAY_CA_FILE", "PATH"});
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(result.faults.front().text(),
            "warning: AUTH_GATEWAY_TRUSTED_PROXY: nothing reads this variable; did you mean "
            "\"AUTH_GATEWAY_TRUSTED_PROXIES\"?");
}

TEST(Settings, RotationKeys_AreSplitAtCommas) {
  const auto result = read(serving({{"AUTH_GATEWAY_ROTATION_KEYS", "one, two"}}));
  ASSERT_EQ(result.settings.rotationKeys.size(), 2U);
  EXPECT_EQ(result.settings.rotationKeys[1].reveal(), "two");
}

TEST(Settings, RotationKeys_WithAnEmptyItem_AreRefused) {
  EXPECT_NE(errorsOf(read(serving({{"AUTH_GATEWAY_ROTATION_KEYS", "one,,two"}}))), "");
}

TEST(Settings, EmptyVariable_CountsAsNotSet) {
  EXPECT_EQ(read(serving({{"PORT", ""}})).settings.port, 8000);
}

}  // namespace
}  // namespace agw
