#pragma once

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/open.hpp"
#include "support/fakes.hpp"
#include "support/postgres.hpp"
#include "support/temporary_folder.hpp"

namespace agw::test {

enum class Backend { Memory, Sqlite, Postgres };

inline std::string backendName(const testing::TestParamInfo<Backend>& info) {
  constexpr const char* kNames[] = {"Memory", "Sqlite", "Postgres"};
  return kNames[static_cast<int>(info.param)];
}

inline std::string describe(const std::optional<TimePoint>& time) {
  return time ? std::to_string(toMillis(*time)) : "none";
}
inline std::string describe(const Scopes& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += "[" + scope + "]";
  return text;
}
/// Every field, so that two records are the same when their descriptions are.
inline std::string describe(const Grant& grant) {
  const auto& tokens = grant.tokens;
  return "id=" + grant.id + " profile=" + grant.profile + " provider=" + grant.provider +
         " issuer=" + grant.issuer + " subject=" + grant.subject + " access=" + tokens.accessToken +
         " refresh=" + tokens.refreshToken + " carry=" + tokens.carry +
         " issued=" + describe(tokens.issuedAt) + " expires=" + describe(tokens.accessExpiresAt) +
         " refreshExpires=" + describe(tokens.refreshExpiresAt) + " scopes=" + describe(tokens.scopes) +
         " status=" + std::to_string(static_cast<int>(grant.status)) +
         " version=" + std::to_string(grant.version) + " created=" + describe(grant.createdAt) +
         " consented=" + describe(grant.consentedAt) + " updated=" + describe(grant.updatedAt) +
         " fence=" + std::to_string(grant.fence) + " intents=" + std::to_string(grant.openIntents) +
         " failures=" + std::to_string(grant.failures) + " lastError=" + grant.lastError +
         " challenge=" + grant.challenge + " lastAttempt=" + describe(grant.lastAttemptAt) +
         " retry=" + describe(grant.retryNotBefore);
}
inline std::string describe(const Flow& flow) {
  return "id=" + flow.id + " provider=" + flow.provider + " profile=" + flow.profile +
         " state=" + flow.stateHash + " verifier=" + flow.codeVerifier + " redirect=" + flow.redirectUri +
         " after=" + flow.redirectAfter + " scopes=" + describe(flow.scopes) +
         " config=" + flow.configFingerprint + " by=" + flow.startedBy +
         " status=" + std::to_string(static_cast<int>(flow.status)) + " error=" + flow.error +
         " account=" + flow.account + " created=" + describe(flow.createdAt) +
         " expires=" + describe(flow.expiresAt) + " confirmation=" + flow.confirmationHash +
         " tries=" + std::to_string(flow.confirmationTries) + " pending=" + flow.pendingTokens +
         " device=" + flow.deviceCode + " interval=" + std::to_string(flow.pollInterval.count()) +
         " poll=" + describe(flow.pollAt);
}

inline std::string describe(const InstallFlow& flow) {
  std::string parameters;
  for (const auto& [name, value] : flow.parameters) parameters += "[" + name + "=" + value + "]";
  return "id=" + flow.id + " provider=" + flow.provider +
         " step=" + std::to_string(static_cast<int>(flow.step)) + " state=" + flow.stateHash +
         " verifier=" + flow.codeVerifier + " redirect=" + flow.redirectUri + " after=" + flow.redirectAfter +
         " org=" + flow.orgId + " config=" + flow.configFingerprint + " by=" + flow.startedBy +
         " browser=" + flow.browserHash + " parameters=" + parameters +
         " created=" + describe(flow.createdAt) + " expires=" + describe(flow.expiresAt);
}
inline std::string describe(const Installation& row) {
  return "id=" + row.id + " provider=" + row.provider + " org=" + row.orgId + " name=" + row.orgName +
         " installation=" + row.installationId + " consent=" + row.consentId +
         " kinds=" + describe(row.kinds) + " scopes=" + describe(row.scopes) +
         " permissions=" + boost::json::serialize(row.permissions) +
         " metadata=" + boost::json::serialize(row.metadata) + " by=" + row.installedBy +
         " status=" + toString(row.status) + " version=" + std::to_string(row.version) +
         " created=" + describe(row.createdAt) + " updated=" + describe(row.updatedAt) +
         " revoked=" + describe(row.revokedAt) + " tokenExpires=" + describe(row.tokenExpiresAt);
}

/// A test runs once for each storage, each time on an empty one.
class StorageContract : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::Memory) {
      storage_ = makeMemoryStorage(clock);
      return;
    }
    if (GetParam() == Backend::Sqlite) {
      folder_ = std::make_unique<TemporaryFolder>();
      settings_.path = *folder_ / "gateway.db";
    } else {
      // Making a database takes the server longer than a whole test: a suite shares one.
      if (!database_) database_ = std::make_unique<PostgresDatabase>();
      if (!database_->exists()) FAIL() << "no PostgreSQL server";
      database_->empty();
      settings_ = database_->settings();
      settings_.connections = 8;
    }
    storage_ = openAgain(Access::Service);
    ASSERT_TRUE(storage_);
  }

  static void TearDownTestSuite() { database_.reset(); }

  /// The same data through another storage object, as another process has it. Memory has only one.
  std::unique_ptr<Storage> openAgain(Access access) {
    auto opened = openStorage(settings_, SchemaPolicy::Migrate, clock, log, access);
    if (!opened) {
      ADD_FAILURE() << opened.error().message << " " << opened.error().detail;
      return nullptr;
    }
    return std::move(*opened);
  }

  Storage& storage() { return *storage_; }

  Grant aGrant(const std::string& id = "11111111-1111-4111-8111-111111111111",
               const std::string& profile = "alice@company.com",
               const std::string& provider = "example") const {
    Grant grant;
    grant.id = id;
    grant.profile = profile;
    grant.provider = provider;
    grant.issuer = "https://issuer.example";
    grant.subject = "subject-1";
    grant.tokens = tokens("1");
    grant.createdAt = clock.now() - std::chrono::hours(1);
    grant.consentedAt = clock.now() - std::chrono::minutes(1);
    grant.updatedAt = clock.now();
    return grant;
  }
  SealedTokens tokens(const std::string& mark) const {
    SealedTokens sealed;
    sealed.accessToken = "sealed-access-" + mark;
    sealed.refreshToken = "sealed-refresh-" + mark;
    sealed.carry = "sealed-carry-" + mark;
    sealed.issuedAt = clock.now();
    sealed.accessExpiresAt = clock.now() + std::chrono::hours(1);
    sealed.refreshExpiresAt = clock.now() + std::chrono::hours(1000);
    sealed.scopes = {"read", "https://scope.example/write"};
    return sealed;
  }
  /// Stores `aGrant` and returns it as it is stored.
  Grant stored(const Grant& grant) {
    const auto version = storage().putGrant(grant, 0);
    EXPECT_TRUE(version.ok());
    return read(grant.id);
  }
  Grant stored() { return stored(aGrant()); }
  Grant read(const std::string& id) {
    const auto found = storage().findGrantById(id);
    if (!found.ok() || !*found) {
      ADD_FAILURE() << "no grant " << id;
      return {};
    }
    return **found;
  }
  PendingRevocation aRevocation(const std::string& id = "22222222-2222-4222-8222-222222222222") const {
    return {.id = id,
            .provider = "example",
            .profile = "alice@company.com",
            .tokens = "sealed-revocation",
            .notBefore = clock.now(),
            .createdAt = clock.now()};
  }
  Flow aFlow(const std::string& id = "33333333-3333-4333-8333-333333333333",
             const std::string& state = "state-hash-1") const {
    Flow flow;
    flow.id = id;
    flow.provider = "example";
    flow.profile = "alice@company.com";
    flow.stateHash = state;
    flow.codeVerifier = "sealed-verifier";
    flow.redirectUri = "https://gateway.example/auth/callback/example";
    flow.redirectAfter = "https://app.example/done";
    flow.scopes = {"read"};
    flow.configFingerprint = "fingerprint";
    flow.startedBy = "root";
    flow.createdAt = clock.now();
    flow.expiresAt = clock.now() + std::chrono::minutes(15);
    return flow;
  }

  /// Runs `work` in that many threads that start together.
  static void together(int threads, const std::function<void(int)>& work) {
    std::atomic<int> waiting{threads};
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&waiting, &work, i] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        work(i);
      });
    }
    for (auto& thread : running) thread.join();
  }

  FakeClock clock;
  RecordingLog log;
  std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<PostgresDatabase> database_;
  DatabaseSettings settings_;
  std::unique_ptr<Storage> storage_;
};

template <class T>
testing::AssertionResult failsWith(const Result<T>& result, ErrorKind kind) {
  if (result.ok()) return testing::AssertionFailure() << "it succeeded";
  if (result.error().kind != kind) {
    return testing::AssertionFailure()
           << toString(result.error().kind) << ": " << result.error().message << " " << result.error().detail;
  }
  return testing::AssertionSuccess();
}
template <class T>
testing::AssertionResult succeeds(const Result<T>& result) {
  if (result.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << toString(result.error().kind) << ": " << result.error().message << " "
                                     << result.error().detail;
}

#define AGW_FOR_EVERY_STORAGE(suite) \
  INSTANTIATE_TEST_SUITE_P(          \
      Every, suite, testing::Values(Backend::Memory, Backend::Sqlite, Backend::Postgres), backendName)

}  // namespace agw::test
