#include "plugin/plugin_provider.hpp"

#include <charconv>
#include <chrono>
#include <utility>

#include "plugin/call_meter.hpp"
#include "plugin/installation_records.hpp"
#include "plugin/option_schema.hpp"
#include "plugin/outcome.hpp"
#include "plugin/records.hpp"

namespace agw {

PluginProvider::PluginProvider(Plugin plugin, ProviderConfig config, HostServices& services)
    : plugin_(std::move(plugin)),
      config_(std::move(config)),
      services_(services),
      options_(config_.options),
      displayName_(config_.displayName.empty() ? plugin_.displayName : config_.displayName),
      capabilities_(plugin_.capabilities) {
  describe();
}

Result<std::string> PluginProvider::authorizationUrl(const AuthorizationRequest& request) {
  auto inputs = commonInputs(request.scopes);
  add(inputs, request.purpose);
  add(inputs, "state", request.state);
  add(inputs, "nonce", request.nonce);
  add(inputs, "login_hint", request.loginHint);
  add(inputs, "org_id", request.orgId);
  add(inputs, "challenge", request.challenge);
  if (capabilities_.pkce != Capabilities::Pkce::None) add(inputs, "code_challenge", request.codeChallenge);
  HostCall call(setting(false), std::move(inputs), Secret());
  if (auto done = run(call, AGW_AUTHORIZE); !done) return done.error();
  auto url = textOf(call.results(), "url");
  if (!isWebAddress(url) || call.holdsSecret(url)) {
    return Error{.kind = ErrorKind::Bug,
                 .message = displayName_ + ": the plugin made no usable authorization address."};
  }
  return url;
}

Result<TokenSet> PluginProvider::exchange(const CodeExchange& request) {
  HostCall call(setting(true), exchangeInputs(request), Secret());
  if (auto done = run(call, AGW_EXCHANGE); !done) return done.error();
  return tokenSetOf(call.records());
}

Result<TokenSet> PluginProvider::refresh(const RefreshRequest& request) {
  auto inputs = commonInputs(request.scopes);
  add(inputs, request.purpose);
  add(inputs, "kind", request.kind);
  add(inputs, "refresh_token", request.refreshToken);
  add(inputs, "access_token", request.accessToken);
  HostCall call(setting(true), std::move(inputs), request.carry);
  if (auto done = run(call, AGW_REFRESH); !done) return done.error();
  return tokenSetOf(call.records());
}

Result<void> PluginProvider::revoke(const RevokeRequest& request) {
  auto inputs = commonInputs(config_.scopes);
  add(inputs, request.purpose);
  add(inputs, "kind", request.kind);
  add(inputs, "org_id", request.orgId);
  add(inputs, "installation_id", request.installationId);
  add(inputs, "refresh_token", request.refreshToken);
  add(inputs, "access_token", request.accessToken);
  HostCall call(setting(true), std::move(inputs), request.carry);
  return run(call, AGW_REVOKE);
}

Result<Identity> PluginProvider::identify(const TokenSet& tokens, const std::string& nonce) {
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

Scopes PluginProvider::normalizeScopes(const Scopes& scopes) const {
  HostCall call(setting(false), commonInputs(scopes), Secret());
  if (call.run(*plugin_.descriptor, AGW_DESCRIBE) != AGW_OK) return scopes;
  auto spelled = splitScopes(textOf(call.results(), "scopes"));
  return spelled.empty() ? scopes : spelled;
}

void PluginProvider::add(Inputs& inputs, const char* name, const Secret& value) {
  if (!value.empty()) inputs.insert_or_assign(name, value);
}

void PluginProvider::add(Inputs& inputs, const char* name, const std::string& value) {
  add(inputs, name, Secret(value));
}

void PluginProvider::add(Inputs& inputs, Purpose purpose) const {
  if (purpose != Purpose::Installation) return;
  add(inputs, "purpose", std::string("installation"));
  add(inputs, "redirect_uri", config_.installRedirectUri);
}

Inputs PluginProvider::commonInputs(const Scopes& scopes) const {
  Inputs inputs;
  add(inputs, "redirect_uri", config_.redirectUri);
  add(inputs, "scopes", joinScopes(scopes));
  return inputs;
}

Inputs PluginProvider::exchangeInputs(const CodeExchange& request) const {
  auto inputs = commonInputs(request.scopes);
  add(inputs, "code", request.code);
  if (capabilities_.pkce != Capabilities::Pkce::None) add(inputs, "code_verifier", request.codeVerifier);
  return inputs;
}

HostCall::Setting PluginProvider::setting(bool maySend) const {
  return {.config = config_, .options = options_, .services = services_, .nonce = "", .maySend = maySend};
}

Result<void> PluginProvider::run(HostCall& call, std::uint32_t operation) const {
  auto decided = runOrPend(call, operation);
  return decided ? Result<void>() : Result<void>(std::move(decided).error());
}

Result<bool> PluginProvider::runOrPend(HostCall& call, std::uint32_t operation) const {
  const auto begun = std::chrono::steady_clock::now();
  const auto status = call.run(*plugin_.descriptor, operation);
  const bool pending = status == AGW_PENDING && operation == AGW_DEVICE_TOKEN;
  auto outcome =
      status == AGW_OK || pending ? Result<void>() : Result<void>(errorOf(status, call, displayName_));
  recordPluginCall(services_.metrics(), config_.id, operation, outcome,
                   std::chrono::steady_clock::now() - begun);
  if (!outcome) return std::move(outcome).error();
  return !pending;
}

void PluginProvider::describe() {
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

std::shared_ptr<Provider> makeProvider(Plugin plugin, ProviderConfig config, HostServices& services) {
  return std::make_shared<PluginProvider>(std::move(plugin), std::move(config), services);
}

}  // namespace agw
