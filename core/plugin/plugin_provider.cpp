#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <utility>

#include "plugin/call_meter.hpp"
#include "plugin/host_call.hpp"
#include "plugin/option_schema.hpp"
#include "plugin/outcome.hpp"
#include "plugin/plugin.hpp"
#include "plugin/records.hpp"

namespace agw {
namespace {

/// Immutable once built, so it is safe to call from many threads: each call has a `HostCall` of its own.
class PluginProvider final : public Provider {
 public:
  PluginProvider(Plugin plugin, ProviderConfig config, HostServices& services)
      : plugin_(std::move(plugin)),
        config_(std::move(config)),
        services_(services),
        options_(config_.options),
        displayName_(config_.displayName.empty() ? plugin_.displayName : config_.displayName),
        capabilities_(plugin_.capabilities) {
    describe();
  }

  const ProviderConfig& config() const override { return config_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  const std::string& displayName() const override { return displayName_; }
  std::vector<std::string> issuers() const override { return issuers_; }
  bool issuerRequired() const override { return issuerRequired_; }
  std::optional<std::chrono::seconds> accessTtlDefault() const override { return accessTtlDefault_; }
  RefreshFacts refreshFacts() const override { return refreshFacts_; }

  Result<std::string> authorizationUrl(const AuthorizationRequest& request) override {
    auto inputs = commonInputs(request.scopes);
    add(inputs, "state", request.state);
    add(inputs, "nonce", request.nonce);
    add(inputs, "login_hint", request.loginHint);
    if (capabilities_.pkce != Capabilities::Pkce::None) add(inputs, "code_challenge", request.codeChallenge);
    HostCall call(setting(false), std::move(inputs), Secret());
    if (auto done = run(call, AGW_AUTHORIZE); !done) return done.error();
    auto url = textOf(call.results(), "url");
    if (!isUsable(url, call)) {
      return Error{.kind = ErrorKind::Bug,
                   .message = displayName_ + ": the plugin made no usable authorization address."};
    }
    return url;
  }

  Result<TokenSet> exchange(const CodeExchange& request) override {
    auto inputs = commonInputs(request.scopes);
    add(inputs, "code", request.code);
    if (capabilities_.pkce != Capabilities::Pkce::None) add(inputs, "code_verifier", request.codeVerifier);
    HostCall call(setting(true), std::move(inputs), Secret());
    if (auto done = run(call, AGW_EXCHANGE); !done) return done.error();
    return tokenSetOf(call.records());
  }

  Result<TokenSet> refresh(const RefreshRequest& request) override {
    auto inputs = commonInputs(request.scopes);
    add(inputs, "refresh_token", request.refreshToken);
    add(inputs, "access_token", request.accessToken);
    HostCall call(setting(true), std::move(inputs), request.carry);
    if (auto done = run(call, AGW_REFRESH); !done) return done.error();
    return tokenSetOf(call.records());
  }

  Result<void> revoke(const RevokeRequest& request) override {
    auto inputs = commonInputs(config_.scopes);
    add(inputs, "refresh_token", request.refreshToken);
    add(inputs, "access_token", request.accessToken);
    HostCall call(setting(true), std::move(inputs), request.carry);
    return run(call, AGW_REVOKE);
  }

  Result<Identity> identify(const TokenSet& tokens, const std::string& nonce) override {
    auto inputs = commonInputs(tokens.scopes.value_or(config_.scopes));
    add(inputs, "access_token", tokens.accessToken);
    add(inputs, "refresh_token", tokens.refreshToken);
    add(inputs, "id_token", tokens.idToken);
    auto with = setting(true);
    with.nonce = nonce;
    HostCall call(std::move(with), std::move(inputs), tokens.carry);
    if (auto done = run(call, AGW_IDENTIFY); !done) return done.error();
    return identityOf(call.records());
  }

  Scopes normalizeScopes(const Scopes& scopes) const override {
    HostCall call(setting(false), commonInputs(scopes), Secret());
    if (call.run(*plugin_.descriptor, AGW_DESCRIBE) != AGW_OK) return scopes;
    auto spelled = splitScopes(textOf(call.results(), "scopes"));
    return spelled.empty() ? scopes : spelled;
  }

 private:
  static void add(Inputs& inputs, const char* name, const Secret& value) {
    if (!value.empty()) inputs.insert_or_assign(name, value);
  }
  static void add(Inputs& inputs, const char* name, const std::string& value) {
    add(inputs, name, Secret(value));
  }

  [[nodiscard]] Inputs commonInputs(const Scopes& scopes) const {
    Inputs inputs;
    add(inputs, "redirect_uri", config_.redirectUri);
    add(inputs, "scopes", joinScopes(scopes));
    return inputs;
  }

  [[nodiscard]] HostCall::Setting setting(bool maySend) const {
    return {.config = config_, .options = options_, .services = services_, .nonce = "", .maySend = maySend};
  }

  Result<void> run(HostCall& call, std::uint32_t operation) const {
    const auto begun = std::chrono::steady_clock::now();
    const auto status = call.run(*plugin_.descriptor, operation);
    auto outcome = status == AGW_OK ? Result<void>() : Result<void>(errorOf(status, call, displayName_));
    recordPluginCall(services_.metrics(), config_.id, operation, outcome,
                     std::chrono::steady_clock::now() - begun);
    return outcome;
  }

  static bool isUsable(const std::string& url, const HostCall& call) {
    const bool web = url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
    return web && !hasControlCharacter(url) && url.find_first_of(" #") == std::string::npos &&
           url.size() <= 8192 && !call.holdsSecret(url);
  }

  void describe() {
    HostCall call(setting(false), commonInputs(config_.scopes), Secret());
    if (call.run(*plugin_.descriptor, AGW_DESCRIBE) != AGW_OK) return;
    const auto& facts = call.results();
    issuers_ = textsOf(facts, "issuer");
    issuerRequired_ = textOf(facts, "issuer_required") == "true";
    accessTtlDefault_ = lifeOf(textOf(facts, "access_ttl_default"));
    refreshFacts_ = {.grace = lifeOf(textOf(facts, "refresh_grace")).value_or(std::chrono::seconds(0)),
                     .idleTtl = lifeOf(textOf(facts, "refresh_idle_ttl")),
                     .renewBefore = lifeOf(textOf(facts, "renew_before")).value_or(std::chrono::seconds(0)),
                     .perAccount = textOf(facts, "refresh_per_account") == "true"};
    const auto bits = textOf(facts, "capabilities");
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(bits.data(), bits.data() + bits.size(), value);
    if (failed == std::errc() && end == bits.data() + bits.size()) capabilities_ = capabilitiesOf(value);
  }

  Plugin plugin_;
  ProviderConfig config_;
  HostServices& services_;
  boost::json::value options_;
  std::string displayName_;
  Capabilities capabilities_;
  std::vector<std::string> issuers_;
  bool issuerRequired_ = false;
  std::optional<std::chrono::seconds> accessTtlDefault_;
  RefreshFacts refreshFacts_;
};

}  // namespace

std::shared_ptr<Provider> makeProvider(Plugin plugin, ProviderConfig config, HostServices& services) {
  return std::make_shared<PluginProvider>(std::move(plugin), std::move(config), services);
}

}  // namespace agw
