#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "domain/provider.hpp"

namespace agw::test {

/// A provider in memory, with a ledger of every token it ever issued: the oracle of tests. Refresh tokens are
/// spent by use, and using a spent one ends the whole family, unless `Rules` says otherwise. Codes are single
/// use and bound to their PKCE challenge. Every token's text begins with "CANARY-", so that logs and errors
/// can be searched for it. Safe to call from many threads; `rules` is set before the first call.
class FakeProvider final : public Provider {
 public:
  enum class Call { Exchange, Refresh, Revoke, Identify, Installations, Mint, StartDevice, PollDevice };

  struct Rules {
    bool rotates = true;  ///< false: a refresh answers no refresh token and spends none
    bool endsFamilyOnReuse = true;
    bool grace = false;  ///< a spent refresh token still works and yields a new pair
    bool givesRefreshToken = true;
    bool refreshTokenOnlyOnFirstConsent = false;  ///< a later consent of that subject joins the living family
    std::optional<std::chrono::seconds> accessLife{3600};  ///< what `expires_in` says; absent: says nothing
    std::optional<std::chrono::seconds> ttlDefault{3600};
    std::chrono::seconds renewBefore{0};
    std::optional<std::chrono::seconds> idleTtl{};
    bool perAccount = false;
    std::optional<Scopes> grantedScopes;           ///< absent: the answer names none
    std::map<std::string, std::string> spellings;  ///< scope as asked to scope as answered
    std::vector<std::string> issuers;
    bool issuerRequired = false;
    std::string displayName = "Fake Provider";
  };

  /// An entry called `id`: PKCE required, refresh, revoke, identity with verified e-mail.
  explicit FakeProvider(const std::string& id);

  /// What there is to install.
  struct Organisations {
    std::map<std::string, std::vector<InstallationFacts>> reach;  ///< of an account, by its subject
    std::vector<std::string> kinds{""};                           ///< of the tokens that a consent gives
    bool sendsOn = false;  ///< the first redirect has no code: the person has to sign in next
  };

  ProviderConfig configuration;
  Capabilities abilities;
  Rules rules;
  Organisations organisations;
  /// What the plugin makes of a webhook; none: there are no events.
  std::function<Result<WebhookReading>(const WebhookRequest&)> webhook;

  // ---- the person in the browser
  /// `who` consents on the page that `authorizationUrl` opens. The code that the browser carries back.
  std::string consent(const std::string& authorizationUrl, const Identity& who);
  /// A query parameter of such a page's address, decoded; empty when absent.
  [[nodiscard]] static std::string parameter(const std::string& authorizationUrl, const std::string& name);

  // ---- the person at another device
  /// What `startDevice` answers; device codes are made.
  std::chrono::seconds deviceLife{1800};
  std::chrono::seconds deviceInterval{5};
  void approveDevice(const std::string& userCode, const Identity& who);
  void refuseDevice(const std::string& userCode);
  /// The code's time is over at the provider.
  void expireDevice(const std::string& userCode);
  /// The next poll is answered with `slow_down`.
  void slowDownNext();

  // ---- the script
  enum class When { Before, After };  ///< `After`: the call takes effect, its answer is lost
  /// The next calls of this kind fail with these, in order.
  void failNext(Call call, Error error, When when = When::Before);
  /// All calls of this kind fail, until `recover`.
  void failAlways(Call call, Error error, When when = When::Before);
  void recover(Call call);
  /// Calls of this kind take effect and then wait with their answer until `release`.
  void hold(Call call);
  /// Returns once `count` calls are waiting.
  void awaitHeld(Call call, int count = 1);
  void release(Call call);
  [[nodiscard]] bool isHeld(Call call) const;

  // ---- the ledger
  struct Pair {
    std::string access;
    std::string refresh;  ///< empty: none was issued
    friend bool operator==(const Pair&, const Pair&) = default;
  };
  [[nodiscard]] int calls(Call call) const;
  /// Whether the provider would accept this access or refresh token now (ends of life aside).
  [[nodiscard]] bool lives(const std::string& token) const;
  /// The newest pair of each family that is not revoked, oldest family first.
  [[nodiscard]] std::vector<Pair> livingPairs() const;
  [[nodiscard]] std::size_t families() const;
  [[nodiscard]] MintRequest lastMint() const;
  [[nodiscard]] std::vector<RevokeRequest> revocations() const;
  /// The person removes the application in their account settings.
  void removeAccess(const std::string& subject);

  // ---- Provider
  [[nodiscard]] const ProviderConfig& config() const override { return configuration; }
  [[nodiscard]] const Capabilities& capabilities() const override { return abilities; }
  [[nodiscard]] const std::string& displayName() const override { return rules.displayName; }
  [[nodiscard]] std::vector<std::string> issuers() const override { return rules.issuers; }
  [[nodiscard]] bool issuerRequired() const override { return rules.issuerRequired; }
  [[nodiscard]] std::optional<std::chrono::seconds> accessTtlDefault() const override {
    return rules.ttlDefault;
  }
  [[nodiscard]] RefreshFacts refreshFacts() const override {
    return {.idleTtl = rules.idleTtl, .renewBefore = rules.renewBefore, .perAccount = rules.perAccount};
  }
  Result<std::string> authorizationUrl(const AuthorizationRequest& request) override;
  Result<TokenSet> exchange(const CodeExchange& request) override;
  Result<TokenSet> refresh(const RefreshRequest& request) override;
  Result<void> revoke(const RevokeRequest& request) override;
  Result<Identity> identify(const TokenSet& tokens, const std::string& nonce) override;
  [[nodiscard]] Scopes normalizeScopes(const Scopes& scopes) const override;
  Result<InstallationCallback> readCallback(const CallbackReading& reading) override;
  Result<std::vector<TokenSet>> exchangeInstallation(const CodeExchange& request) override;
  Result<std::vector<InstallationFacts>> installations(const std::vector<TokenSet>& tokens,
                                                       const QueryParameters& redirect) override;
  Result<TokenSet> mintInstallationToken(const MintRequest& request) override;
  Result<WebhookReading> readWebhook(const WebhookRequest& request) override {
    return webhook ? webhook(request) : Provider::readWebhook(request);
  }
  Result<DeviceGrant> startDevice(const Scopes& scopes) override;
  Result<DevicePoll> pollDevice(const Secret& deviceCode, const Scopes& scopes) override;

 private:
  struct Family {
    Identity who;
    std::string nonce;
    std::set<std::string> access;
    std::string refresh;
    std::set<std::string> spent;
    std::string newestAccess;
    bool revoked = false;
  };
  struct Code {
    Identity who;
    std::string challenge;
    std::string nonce;
  };
  struct Device {
    std::string userCode;
    std::optional<Identity> who;  ///< approved by
    bool refused = false;
    bool over = false;  ///< expired, or its tokens were given
  };
  struct Script {
    int calls = 0;
    std::deque<std::pair<Error, When>> failures;
    std::optional<std::pair<Error, When>> always;
    bool held = false;
    int waiting = 0;
  };
  template <class T, class Effect>
  Result<T> perform(Call call, Effect effect);
  void atDevice(const std::string& userCode, const std::function<void(Device&)>& change);
  Result<DevicePoll> pollLocked(const std::string& deviceCode);
  TokenSet issue(Family& family, bool withRefreshToken);
  Family* familyOfRefresh(const std::string& token);
  const Family* familyOfAccess(const std::string& token) const;
  std::string mint(const std::string& kind);
  Result<TokenSet> exchangeLocked(const CodeExchange& request);
  Result<TokenSet> refreshLocked(const RefreshRequest& request);
  Result<void> revokeLocked(const RevokeRequest& request);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Call, Script> scripts_;
  std::deque<Family> families_;
  std::map<std::string, Code> codes_;
  std::map<std::string, Device> devices_;
  bool slowDown_ = false;
  int minted_ = 0;
  MintRequest lastMint_;
  std::vector<RevokeRequest> revocations_;
};

template <class T, class Effect>
Result<T> FakeProvider::perform(Call call, Effect effect) {
  std::unique_lock lock(mutex_);
  Script& script = scripts_[call];
  ++script.calls;
  auto failure = script.always;
  if (!script.failures.empty()) {
    failure = script.failures.front();
    script.failures.pop_front();
  }
  const bool takesEffect = !failure || failure->second == When::After;
  Result<T> outcome = takesEffect ? effect() : Result<T>(failure->first);
  if (failure) outcome = failure->first;
  ++script.waiting;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !script.held; });
  --script.waiting;
  return outcome;
}

/// Providers by id; a reload is a `set`.
class FakeDirectory final : public ProviderDirectory {
 public:
  void set(std::shared_ptr<Provider> provider);
  void remove(const std::string& id);
  /// The entry is there and cannot work.
  void notConfigured(const std::string& id);
  [[nodiscard]] Result<std::shared_ptr<Provider>> find(const std::string& id) const override;
  [[nodiscard]] std::vector<ProviderStatus> list() const override;
  [[nodiscard]] std::vector<DeclaredInstallation> declaredInstallations() const override { return declared; }

  std::vector<DeclaredInstallation> declared;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Provider>> providers_;  // null: not configured
};

}  // namespace agw::test
