#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "api/application.hpp"
#include "crypto/hash.hpp"
#include "support/broker_rig.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::test {

inline const std::string kRootKey = "root-key-0123456789abcdef0123456789abcdef";

/// All endpoints over the broker's rig, asked without sockets.
class ApiRig : public BrokerRig {
 public:
  std::unique_ptr<TokenService> tokens = replica();
  std::unique_ptr<DeviceService> devices = deviceReplica();
  InstallService install{{storage, directory, vault, clock, random, log, revoke}};
  InstallationDirectory installations{storage, directory};
  InstallationEnder ender{{storage, revoke, clock, log}};
  InstallationTokens installationTokens{
      {installations, directory, *tokens, ender, storage, clock, random, log, settings("one")}};
  ProviderEvents events{{storage, ender, installationTokens, clock, log}};
  RecordedMetrics counted;
  WebhookService webhooks{{directory, storage, events, clock, log, counted}};
  bool encryptionWorks = true;
  bool shuttingDown = false;
  std::unique_ptr<api::Router> router;

  explicit ApiRig(bool development = false) : development_(development) { serveUnder({}); }

  /// Starts the endpoints anew, under these limits.
  void serveUnder(const api::LimitSettings& limits) {
    router = std::make_unique<api::Router>(api::makeRoutes(parts(limits)));
  }

  [[nodiscard]] api::ApplicationParts parts(const api::LimitSettings& limits = {}) {
    return {.consent = consent,
            .devices = *devices,
            .tokens = *tokens,
            .revoke = revoke,
            .imports = imports,
            .install = install,
            .installations = installations,
            .installationTokens = installationTokens,
            .installationEnder = ender,
            .webhooks = webhooks,
            .providers = directory,
            .storage = storage,
            .clock = clock,
            .random = random,
            .log = log,
            .encryptionWorks = [this] { return encryptionWorks; },
            .shuttingDown = [this] { return shuttingDown; },
            .settings = {.rootKey = Secret(kRootKey),
                         .redirectAllowList = {"https://app.x.com/done"},
                         .development = development_,
                         .version = "1.0.0",
                         .limits = limits,
                         .publicUrl = "https://gateway.x.com",
                         .validatorKey = Secret("validator-key")},
            .metrics = counted,
            .metricsText = [] { return std::string("a_total 1\n"); }};
  }

  struct Ask {
    std::string method = "POST";
    std::string path;
    std::string body{};
    std::string key = kRootKey;
    std::map<std::string, std::string> query{};
    std::string type = "application/json";
    Headers headers{};
  };

  api::Response ask(const Ask& ask) {
    api::Request request;
    request.method = ask.method;
    request.path = ask.path;
    request.body = ask.body;
    request.query = ask.query;
    request.requestId = "request-1";
    request.headers = ask.headers;
    if (!ask.key.empty()) request.headers.emplace_back("X-API-Key", ask.key);
    if (!ask.body.empty()) request.headers.emplace_back("Content-Type", ask.type);
    return router->route(request);
  }
  api::Response post(const std::string& path, const std::string& body, const std::string& key = kRootKey) {
    return ask({.path = path, .body = body, .key = key});
  }
  api::Response get(const std::string& path, const std::string& key = kRootKey) {
    return ask({.method = "GET", .path = path, .key = key});
  }
  /// The browser comes back with this.
  api::Response callback(const CallbackParameters& parameters,
                         const std::string& path = "/auth/callback/fake") {
    std::map<std::string, std::string> query;
    if (parameters.state) query["state"] = *parameters.state;
    if (parameters.code) query["code"] = *parameters.code;
    if (parameters.error) query["error"] = *parameters.error;
    return ask({.method = "GET", .path = path, .key = "", .query = query});
  }

  /// Stores a named key and returns it as a caller sends it.
  std::string makeKey(const std::string& name, Permissions permissions,
                      std::optional<TimePoint> expiresAt = {}) {
    const std::string key = "key-of-" + name + "-0123456789abcdef";
    ApiKeyRecord record;
    record.id = "id-of-" + name;
    record.name = name;
    record.keyHash = sha256Hex(key);
    record.permissions = std::move(permissions);
    record.createdAt = clock.now();
    record.expiresAt = expiresAt;
    EXPECT_TRUE(memory->createApiKey(record).ok());
    return key;
  }

 private:
  bool development_;
};

inline boost::json::object bodyOf(const api::Response& response) {
  return boost::json::parse(response.body).as_object();
}
inline std::string field(const api::Response& response, const char* name) {
  const auto body = bodyOf(response);
  const auto* value = body.if_contains(name);
  if (!value) return std::string("(none)");
  return value->is_string() ? std::string(value->as_string().c_str()) : boost::json::serialize(*value);
}
inline std::string headerOf(const api::Response& response, const std::string& name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return "";
}
inline std::string subject(const std::string& user = kAlice, const std::string& provider = "fake") {
  return R"({"provider":")" + provider + R"(","user_email":")" + user + R"("})";
}

}  // namespace agw::test
