#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/consent.hpp"
#include "broker/device.hpp"
#include "broker/import.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "broker/tokens.hpp"
#include "storage/open.hpp"
#include "support/fake_provider.hpp"
#include "support/fakes.hpp"
#include "support/faulty_storage.hpp"

namespace agw::test {

using namespace std::chrono_literals;

inline Identity alice() {
  return {"https://issuer.test", "subject-alice", "alice@x.com", true};
}
inline Identity mallory() {
  return {"https://issuer.test", "subject-mallory", "mallory@x.com", true};
}
inline const std::string kAlice = "alice@x.com";

/// The broker over a memory storage whose calls can be made to fail, one provider entry called `fake`, and
/// time that stands still. `memory` is the truth beneath the faults.
class BrokerRig {
 public:
  BrokerRig() { directory.set(provider); }

  FakeClock clock;
  SeededRandom random;
  RecordingLog log;
  std::unique_ptr<Storage> memory = makeMemoryStorage(clock);
  FaultyStorage storage{*memory};
  std::vector<FernetKey> keys = {*FernetKey::generate(random)};
  Vault vault{keys, clock, random};
  std::shared_ptr<FakeProvider> provider = std::make_shared<FakeProvider>("fake");
  FakeDirectory directory;
  RevokeService revoke{{storage, directory, vault, clock, random, log}};
  ConsentService consent{{storage, directory, vault, clock, random, log, revoke, settings("one")}};
  ImportService imports{{storage, directory, vault, clock, random, log, revoke}};
  Caller caller{.keyId = "key-1", .name = "tests", .permissions = Permissions::all()};

  static BrokerSettings settings(const std::string& replica) {
    BrokerSettings settings;
    settings.replica = replica;
    return settings;
  }

  /// A token service of a replica of its own, over `over` or the rig's storage.
  std::unique_ptr<TokenService> replica(const std::string& name = "one", Storage* over = nullptr,
                                        Pause pause = noPause()) {
    return replica(settings(name), over, std::move(pause));
  }
  std::unique_ptr<TokenService> replica(BrokerSettings settings, Storage* over = nullptr,
                                        Pause pause = noPause()) {
    return std::make_unique<TokenService>(TokenService::Parts{over ? *over : storage, directory, vault, clock,
                                                              random, log, revoke, std::move(settings),
                                                              std::move(pause)});
  }
  /// The device flows of a replica of its own, over `over` or the rig's storage.
  std::unique_ptr<DeviceService> deviceReplica(Storage* over = nullptr) {
    return std::make_unique<DeviceService>(
        DeviceService::Parts{over ? *over : storage, directory, vault, clock, random, log, revoke});
  }
  static Pause noPause() {
    return [](std::chrono::milliseconds) { std::this_thread::yield(); };
  }

  // ---- consent
  ConsentLink begin(const std::string& profile = kAlice) {
    auto link = consent.begin(
        {.provider = "fake", .profile = profile, .scopes = {}, .redirectAfter = {}, .requestId = "r"},
        caller);
    EXPECT_TRUE(link.ok());
    return *link;
  }
  /// What the browser brings back after `who` consented to `link`.
  CallbackParameters callback(const ConsentLink& link, const Identity& who = alice()) {
    CallbackParameters parameters;
    parameters.provider = "fake";
    parameters.state = FakeProvider::parameter(link.authUrl, "state");
    parameters.code = provider->consent(link.authUrl, who);
    parameters.requestId = "r";
    return parameters;
  }
  CallbackOutcome consentAs(const Identity& who, const std::string& profile = kAlice) {
    return consent.finish(callback(begin(profile), who));
  }
  /// A stored grant of alice.
  void connect() { ASSERT_EQ(consentAs(alice()).status, FlowStatus::Completed); }
  std::string flowError(const std::string& sessionId) { return consent.status(sessionId)->error; }

  // ---- import
  /// The refresh token of a grant that another server got from `who`.
  std::string keptElsewhere(const Identity& who = alice()) {
    const AuthorizationRequest request{
        .state = "elsewhere", .nonce = "elsewhere", .codeChallenge = {}, .scopes = {"read"}, .loginHint = {}};
    const auto code = provider->consent(*provider->authorizationUrl(request), who);
    const auto tokens = provider->exchange({.code = Secret(code), .codeVerifier = {}, .scopes = {"read"}});
    EXPECT_TRUE(tokens.ok());
    return std::string(tokens->refreshToken.reveal());
  }
  Result<Imported> importToken(const std::string& refreshToken, const std::string& profile = kAlice) {
    return imports.accept({.provider = "fake",
                           .profile = profile,
                           .refreshToken = Secret(refreshToken),
                           .scopes = {},
                           .requestId = "r"},
                          caller);
  }

  // ---- tokens
  static TokenRequest wish(const std::string& profile = kAlice) {
    TokenRequest request;
    request.provider = "fake";
    request.profile = profile;
    request.requestId = "r";
    return request;
  }
  static TokenRequest forced() {
    auto request = wish();
    request.forceRefresh = true;
    return request;
  }
  static std::string textOf(const Result<TokenAnswer>& answer) {
    return answer ? std::string(answer->accessToken.reveal()) : "error " + answer.error().code;
  }

  // ---- the truth
  std::optional<Grant> row(const std::string& profile = kAlice) {
    return *memory->findGrant("fake", profile);
  }
  FakeProvider::Pair stored(const std::string& profile = kAlice) {
    const auto grant = row(profile);
    if (!grant) return {};
    const auto tokens = openTokens(vault, *grant);
    EXPECT_TRUE(tokens.ok());
    return {std::string(tokens->access.reveal()), std::string(tokens->refresh.reveal())};
  }
  bool audited(const std::string& event) {
    const auto events = *memory->listAudit(100);
    return std::any_of(events.begin(), events.end(),
                       [&](const AuditEvent& line) { return line.event == event; });
  }
  std::size_t queuedRevocations() {
    return memory->claimRevocations(clock.now() + std::chrono::hours(10'000), 0s, 1000)->size();
  }
};

/// The usual failures of a provider.
inline Error deadGrant() {
  return {.kind = ErrorKind::GrantDead, .message = "dead"};
}
inline Error timedOut() {
  return {.kind = ErrorKind::Transient, .message = "timed out"};
}
inline Error notReached() {
  return {.kind = ErrorKind::Transient, .message = "not reached", .facts = {{"sent", {"no"}}}};
}

}  // namespace agw::test
