// What not every provider has: installations, webhooks, devices.
#include <boost/json/serialize.hpp>
#include <utility>

#include "plugin/installation_records.hpp"
#include "plugin/outcome.hpp"
#include "plugin/plugin_provider.hpp"
#include "plugin/records.hpp"

namespace agw {

Result<InstallationCallback> PluginProvider::readCallback(const CallbackReading& reading) {
  if (!capabilities_.installations) return Provider::readCallback(reading);
  auto inputs = commonInputs(config_.scopes);
  add(inputs, Purpose::Installation);
  add(inputs, "state", reading.nextState);
  auto with = setting(false);
  with.parameters = &reading.parameters;
  HostCall call(with, std::move(inputs), Secret());
  if (auto done = run(call, AGW_CALLBACK); !done) return done.error();
  const auto& results = call.results();
  const auto code = results.find("code");
  InstallationCallback callback{.code = code == results.end() ? Secret() : code->second,
                                .error = textOf(results, "error"),
                                .nextUrl = textOf(results, "url")};
  const int set =
      (callback.code.empty() ? 0 : 1) + (callback.error.empty() ? 0 : 1) + (callback.nextUrl.empty() ? 0 : 1);
  const bool usable =
      callback.nextUrl.empty() || (isWebAddress(callback.nextUrl) && !call.holdsSecret(callback.nextUrl));
  if (set != 1 || !usable) {
    return Error{.kind = ErrorKind::Bug, .message = displayName_ + ": the plugin cannot read its redirect."};
  }
  return callback;
}

Result<std::vector<TokenSet>> PluginProvider::exchangeInstallation(const CodeExchange& request) {
  if (!capabilities_.installations) return Provider::exchangeInstallation(request);
  auto inputs = exchangeInputs(request);
  add(inputs, Purpose::Installation);
  HostCall call(setting(true), std::move(inputs), Secret());
  if (auto done = run(call, AGW_EXCHANGE); !done) return done.error();
  return tokenSetsOf(call.records());
}

Result<std::vector<InstallationFacts>> PluginProvider::installations(const std::vector<TokenSet>& tokens,
                                                                     const QueryParameters& redirect) {
  if (!capabilities_.installations || tokens.empty()) return Provider::installations(tokens, redirect);
  const auto& first = tokens.front();
  auto inputs = commonInputs(first.scopes.value_or(config_.scopes));
  add(inputs, Purpose::Installation);
  add(inputs, "kind", first.kind);
  add(inputs, "access_token", first.accessToken);
  add(inputs, "refresh_token", first.refreshToken);
  add(inputs, "id_token", first.idToken);
  auto with = setting(true);
  with.parameters = &redirect;
  HostCall call(with, std::move(inputs), first.carry);
  if (auto done = run(call, AGW_INSTALLATIONS); !done) return done.error();
  return installationsOf(call.records());
}

Result<TokenSet> PluginProvider::mintInstallationToken(const MintRequest& request) {
  if (!capabilities_.mints) return Provider::mintInstallationToken(request);
  auto inputs = commonInputs(config_.scopes);
  add(inputs, "org_id", request.orgId);
  add(inputs, "installation_id", request.installationId);
  add(inputs, "repositories", joinScopes(request.repositories));
  if (!request.permissions.empty()) add(inputs, "permissions", boost::json::serialize(request.permissions));
  HostCall call(setting(true), std::move(inputs), Secret());
  if (auto done = run(call, AGW_INSTALLATION_TOKEN); !done) return done.error();
  return tokenSetOf(call.records());
}

Result<WebhookReading> PluginProvider::readWebhook(const WebhookRequest& request) {
  if (!capabilities_.webhooks) return Provider::readWebhook(request);
  Inputs inputs;
  add(inputs, "method", request.method);
  add(inputs, "public_url", request.publicUrl);
  // Whoever can reach the endpoint could make the gateway send something otherwise.
  auto with = setting(false);
  with.webhook = &request;
  HostCall call(with, std::move(inputs), Secret());
  if (auto done = run(call, AGW_WEBHOOK); !done) return done.error();
  return webhookReadingOf(call.records());
}

Result<DeviceGrant> PluginProvider::startDevice(const Scopes& scopes) {
  if (!capabilities_.device) return Provider::startDevice(scopes);
  HostCall call(setting(true), commonInputs(scopes), Secret());
  if (auto done = run(call, AGW_DEVICE); !done) return done.error();
  return deviceGrantOf(call.records());
}

Result<DevicePoll> PluginProvider::pollDevice(const Secret& deviceCode, const Scopes& scopes) {
  if (!capabilities_.device) return Provider::pollDevice(deviceCode, scopes);
  auto inputs = commonInputs(scopes);
  add(inputs, "device_code", deviceCode);
  HostCall call(setting(true), std::move(inputs), Secret());
  const auto decided = runOrPend(call, AGW_DEVICE_TOKEN);
  const auto word = textOf(call.errors(), "code");
  if (!decided) {
    Error error = decided.error();
    if (error.kind == ErrorKind::Denied && word == kDeviceExpired) error.code = kDeviceExpired;
    return error;
  }
  if (!*decided) return DevicePoll{.tokens = std::nullopt, .slowDown = word == "slow_down"};
  auto tokens = tokenSetOf(call.records());
  if (!tokens) return tokens.error();
  return DevicePoll{.tokens = std::move(tokens).value(), .slowDown = false};
}

}  // namespace agw
