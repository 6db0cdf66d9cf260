#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "plugin/host_call.hpp"
#include "plugin/plugin.hpp"

namespace agw {

/// An entry and its plugin: each operation becomes a `HostCall` of its own, so that it is safe to call from
/// many threads. Immutable once built. `makeProvider` is how others get one.
class PluginProvider final : public Provider {
 public:
  PluginProvider(Plugin plugin, ProviderConfig config, HostServices& services);

  [[nodiscard]] const ProviderConfig& config() const override { return config_; }
  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  [[nodiscard]] const std::string& displayName() const override { return displayName_; }
  [[nodiscard]] std::vector<std::string> issuers() const override { return issuers_; }
  [[nodiscard]] bool issuerRequired() const override { return issuerRequired_; }
  [[nodiscard]] std::optional<std::chrono::seconds> accessTtlDefault() const override {
    return accessTtlDefault_;
  }
  [[nodiscard]] RefreshFacts refreshFacts() const override { return refreshFacts_; }

  [[nodiscard]] Result<std::string> authorizationUrl(const AuthorizationRequest& request) override;
  [[nodiscard]] Result<TokenSet> exchange(const CodeExchange& request) override;
  [[nodiscard]] Result<TokenSet> refresh(const RefreshRequest& request) override;
  [[nodiscard]] Result<void> revoke(const RevokeRequest& request) override;
  [[nodiscard]] Result<Identity> identify(const TokenSet& tokens, const std::string& nonce) override;
  [[nodiscard]] Scopes normalizeScopes(const Scopes& scopes) const override;

  // plugin_provider_more.cpp
  [[nodiscard]] Result<InstallationCallback> readCallback(const CallbackReading& reading) override;
  [[nodiscard]] Result<std::vector<TokenSet>> exchangeInstallation(const CodeExchange& request) override;
  [[nodiscard]] Result<std::vector<InstallationFacts>> installations(
      const std::vector<TokenSet>& tokens, const QueryParameters& redirect) override;
  [[nodiscard]] Result<TokenSet> mintInstallationToken(const MintRequest& request) override;
  [[nodiscard]] Result<WebhookReading> readWebhook(const WebhookRequest& request) override;
  [[nodiscard]] Result<DeviceGrant> startDevice(const Scopes& scopes) override;
  [[nodiscard]] Result<DevicePoll> pollDevice(const Secret& deviceCode, const Scopes& scopes) override;

 private:
  static void add(Inputs& inputs, const char* name, const Secret& value);
  static void add(Inputs& inputs, const char* name, const std::string& value);
  void add(Inputs& inputs, Purpose purpose) const;
  [[nodiscard]] Inputs commonInputs(const Scopes& scopes) const;
  [[nodiscard]] Inputs exchangeInputs(const CodeExchange& request) const;
  [[nodiscard]] HostCall::Setting setting(bool maySend) const;
  [[nodiscard]] Result<void> run(HostCall& call, std::uint32_t operation) const;
  /// False: a device's person has not decided yet.
  [[nodiscard]] Result<bool> runOrPend(HostCall& call, std::uint32_t operation) const;
  void describe();

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

}  // namespace agw
