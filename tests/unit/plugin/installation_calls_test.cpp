#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/host_call.hpp"
#include "plugin/option_schema.hpp"
#include "scripted_services.hpp"

// Redirects, organisations, events and devices: what a plugin says of them is checked like a stranger's word.
namespace agw::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

agw_text text(std::string_view view) {
  return {view.data(), view.size()};
}
constexpr agw_text none{nullptr, 0};

using Body = std::int32_t (*)(const agw_call*);

constexpr std::uint64_t everything = AGW_CAN_INSTALL | AGW_CAN_WEBHOOK | AGW_CAN_DEVICE | AGW_CAN_MINT;

/// A provider whose every operation but AGW_DESCRIBE is `body`. Of one test at a time.
std::shared_ptr<Provider> providerOf(Body body, ScriptedServices& services, std::uint64_t can = everything) {
  static std::vector<std::unique_ptr<agw_provider>> descriptors;  // they live as long as the process
  auto plugin = *adoptPlugin(builtinOauth2());
  descriptors.push_back(std::make_unique<agw_provider>(*plugin.descriptor));
  static Body current;
  current = body;
  descriptors.back()->call = [](const agw_call* call) -> std::int32_t {
    return call->operation == AGW_DESCRIBE ? std::int32_t{AGW_UNSUPPORTED} : current(call);
  };
  plugin.descriptor = descriptors.back().get();
  plugin.capabilities = capabilitiesOf(can);
  auto config = gatewayConfig();
  config.webhookSecret = Secret("webhook-secret");
  config.privateKey = Secret("a private key");
  return makeProvider(plugin, config, services);
}

void result(const agw_call* call, std::string_view name, std::string_view value) {
  call->put(call->host, AGW_RESULT, text(name), text(value));
}
std::string got(const agw_call* call, std::uint32_t slot, std::string_view name) {
  agw_text value = none;
  const auto status = call->get(call->host, slot, text(name), &value);
  return status == AGW_OK ? std::string(value.data, value.size) : "(" + std::to_string(status) + ")";
}

std::int32_t emitToken(const agw_call* call, std::string_view token, std::string_view kind) {
  result(call, "access_token", token);
  result(call, "kind", kind);
  return call->emit(call->host, AGW_TOKEN);
}

TEST(PluginProvider, OperationWithoutItsCapability_IsNotCalled) {
  ScriptedServices services;
  const auto provider = providerOf([](const agw_call*) -> std::int32_t { throw 1; }, services, 0);
  const auto unsupported = [](const auto& outcome) { return outcome.error().kind == ErrorKind::Unsupported; };
  EXPECT_TRUE(unsupported(provider->readCallback({})));
  EXPECT_TRUE(unsupported(provider->exchangeInstallation({})));
  EXPECT_TRUE(unsupported(provider->installations({TokenSet{}}, {})));
  EXPECT_TRUE(unsupported(provider->mintInstallationToken({})));
  EXPECT_TRUE(unsupported(provider->readWebhook({})));
  EXPECT_TRUE(unsupported(provider->startDevice({})));
  EXPECT_TRUE(unsupported(provider->pollDevice(Secret("d"), {})));
}

TEST(PluginProvider, Redirect_ReachesThePluginAndOneOutcomeComesBack) {
  ScriptedServices services;
  const auto callback = providerOf(
                            [](const agw_call* call) -> std::int32_t {
                              if (got(call, AGW_INPUT, "purpose") != "installation") return AGW_BUG;
                              result(call, "code", got(call, AGW_PARAMETER, "code"));
                              return AGW_OK;
                            },
                            services)
                            ->readCallback({.parameters = {{"code", "c-1"}}, .nextState = "n"});
  ASSERT_TRUE(callback.ok());
  EXPECT_EQ(callback->code.reveal(), "c-1");
}

TEST(PluginProvider, RedirectThatComesToTwoThingsOrNone_IsTheFaultOfThePlugin) {
  ScriptedServices services;
  EXPECT_FALSE(providerOf([](const agw_call*) -> std::int32_t { return AGW_OK; }, services)
                   ->readCallback({.parameters = {}, .nextState = ""})
                   .ok());
  EXPECT_FALSE(providerOf(
                   [](const agw_call* call) -> std::int32_t {
                     result(call, "code", "c");
                     result(call, "error", "access_denied");
                     return AGW_OK;
                   },
                   services)
                   ->readCallback({.parameters = {}, .nextState = ""})
                   .ok());
  EXPECT_FALSE(providerOf(
                   [](const agw_call* call) -> std::int32_t {
                     result(call, "url", "javascript:alert(1)");
                     return AGW_OK;
                   },
                   services)
                   ->readCallback({.parameters = {}, .nextState = ""})
                   .ok());
}

TEST(PluginProvider, Redirect_MaySendNothing) {
  ScriptedServices services;
  services.answer(200, "{}");
  const auto callback = providerOf(
                            [](const agw_call* call) -> std::int32_t {
                              call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
                              return call->send(call->host);
                            },
                            services)
                            ->readCallback({.parameters = {}, .nextState = ""});
  EXPECT_FALSE(callback.ok());
  EXPECT_TRUE(services.requests.empty());
}

TEST(PluginProvider, SeveralTokensOfOneConsent_KeepOrderAndKind) {
  ScriptedServices services;
  const auto tokens = providerOf(
                          [](const agw_call* call) -> std::int32_t {
                            static_cast<void>(emitToken(call, "t-bot", "bot"));
                            return emitToken(call, "t-user", "user");
                          },
                          services)
                          ->exchangeInstallation({.code = Secret("c"), .codeVerifier = {}, .scopes = {}});
  ASSERT_TRUE(tokens.ok());
  ASSERT_EQ(tokens->size(), 2U);
  EXPECT_EQ((*tokens)[0].kind, "bot");
  EXPECT_EQ((*tokens)[1].accessToken.reveal(), "t-user");
}

TEST(PluginProvider, TwoTokensOfOneKind_AreMalformed) {
  ScriptedServices services;
  const auto tokens = providerOf(
                          [](const agw_call* call) -> std::int32_t {
                            static_cast<void>(emitToken(call, "t-1", "bot"));
                            return emitToken(call, "t-2", "bot");
                          },
                          services)
                          ->exchangeInstallation({});
  EXPECT_EQ(tokens.error().kind, ErrorKind::Malformed);
}

Result<std::vector<InstallationFacts>> organisations(Body body) {
  ScriptedServices services;
  TokenSet tokens;
  tokens.accessToken = Secret("person-token-1");
  tokens.carry = Secret("carried");
  return providerOf(body, services)->installations({tokens}, {{"installation_id", "7"}});
}

TEST(PluginProvider, Organisations_AreReadWithTheClaimAndTheToken) {
  const auto facts = organisations([](const agw_call* call) -> std::int32_t {
    result(call, "org_id", got(call, AGW_PARAMETER, "installation_id"));
    result(call, "org_name", got(call, AGW_INPUT, "access_token") + got(call, AGW_CARRY, ""));
    result(call, "permissions", R"({"contents":"read"})");
    result(call, "minted", "true");
    return call->emit(call->host, AGW_INSTALLATION);
  });
  ASSERT_TRUE(facts.ok());
  ASSERT_EQ(facts->size(), 1U);
  EXPECT_EQ(facts->front().orgId, "7");
  EXPECT_EQ(facts->front().orgName, "person-token-1carried");
  EXPECT_EQ(facts->front().permissions.at("contents").as_string(), "read");
  EXPECT_TRUE(facts->front().minted);
}

TEST(PluginProvider, OrganisationNamedTwice_IsOneWithBothScopes) {
  const auto facts = organisations([](const agw_call* call) -> std::int32_t {
    for (const auto* scopes : {"a b", "b c"}) {
      result(call, "org_id", "site");
      result(call, "scopes", scopes);
      static_cast<void>(call->emit(call->host, AGW_INSTALLATION));
    }
    return AGW_OK;
  });
  ASSERT_TRUE(facts.ok());
  ASSERT_EQ(facts->size(), 1U);
  EXPECT_THAT(facts->front().scopes, ElementsAre("a", "b", "c"));
}

TEST(PluginProvider, OrganisationThatIsNone_IsMalformed) {  // I8
  EXPECT_EQ(organisations(
                [](const agw_call* call) -> std::int32_t { return call->emit(call->host, AGW_INSTALLATION); })
                .error()
                .kind,
            ErrorKind::Malformed);
  EXPECT_EQ(organisations([](const agw_call* call) -> std::int32_t {
              result(call, "org_id", "a\nb");
              return call->emit(call->host, AGW_INSTALLATION);
            })
                .error()
                .kind,
            ErrorKind::Malformed);
  EXPECT_EQ(organisations([](const agw_call* call) -> std::int32_t {
              result(call, "org_id", "a");
              result(call, "permissions", "[1]");
              return call->emit(call->host, AGW_INSTALLATION);
            })
                .error()
                .kind,
            ErrorKind::Malformed);
}

TEST(PluginProvider, MintedToken_IsSignedForByTheHost) {
  ScriptedServices services;
  services.answer(201, R"({"token":"minted-1"})", "application/json",
                  {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"}});
  const auto tokens = providerOf(
                          [](const agw_call* call) -> std::int32_t {
                            const auto jwt = got(call, AGW_SIGNED_JWT, R"({"iss":1})");
                            call->put(call->host, AGW_URL, none, text("https://api.example.com/t"));
                            call->put(call->host, AGW_REQUEST_HEADER, text("Authorization"), text(jwt));
                            call->put(call->host, AGW_BODY, text("application/json"),
                                      text(got(call, AGW_INPUT, "permissions")));
                            if (call->send(call->host) != AGW_OK) return AGW_BUG;
                            result(call, "token_type", got(call, AGW_ANSWER_TIME, ""));
                            return emitToken(call, got(call, AGW_JSON, "/token"), "");
                          },
                          services)
                          ->mintInstallationToken({.orgId = "acme",
                                                   .installationId = "7",
                                                   .repositories = {"r"},
                                                   .permissions = {{"contents", "read"}}});
  ASSERT_TRUE(tokens.ok()) << tokens.error().message;
  EXPECT_EQ(tokens->accessToken.reveal(), "minted-1");
  EXPECT_EQ(tokens->tokenType, "1700000000");
  ASSERT_EQ(services.requests.size(), 1U);
  EXPECT_EQ(services.requests[0].headers[0].second, R"(signed{"iss":1})");
  EXPECT_EQ(services.requests[0].body.reveal(), R"({"contents":"read"})");
}

Result<WebhookReading> read(Body body, const WebhookRequest& request = {}) {
  ScriptedServices services;
  return providerOf(body, services)->readWebhook(request);
}

TEST(PluginProvider, Webhook_ShowsItsPartsAsTheyCame) {
  const WebhookRequest request{
      .method = "POST",
      .query = {{"q", "1"}},
      .headers = {{"X-Signature", "s"}, {"Content-Type", "application/x-www-form-urlencoded"}},
      .body = "signed=a%20b&n=1",
      .publicUrl = "https://auth.example.com/oauth/webhooks/corp"};
  const auto reading = read(
      [](const agw_call* call) -> std::int32_t {
        const std::string all = got(call, AGW_INPUT, "method") + got(call, AGW_INPUT, "public_url") +
                                got(call, AGW_PARAMETER, "q") + got(call, AGW_INBOUND_HEADER, "x-signature") +
                                got(call, AGW_INBOUND_FORM, "signed") + got(call, AGW_INBOUND_BODY, "") +
                                got(call, AGW_CLIENT, "webhook_secret");
        call->put(call->host, AGW_PARSE, none, text(R"({"a":{"b":[true]}})"));
        result(call, "body", all + got(call, AGW_DOCUMENT, "/a/b/0"));
        return call->emit(call->host, AGW_REPLY);
      },
      request);
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->body,
            "POSThttps://auth.example.com/oauth/webhooks/corp1sa bsigned=a%20b&n=1webhook-secrettrue");
}

TEST(PluginProvider, WebhookReply_IsNeverHtml) {  // B: a stranger's challenge would run in the gateway's site
  const auto reading = read([](const agw_call* call) -> std::int32_t {
    result(call, "content_type", "text/html");
    result(call, "body", "<script>");
    return call->emit(call->host, AGW_REPLY);
  });
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->contentType, "text/plain; charset=utf-8");
}

TEST(PluginProvider, EventsOfARefusedWebhook_AreDropped) {  // E
  const auto reading = read([](const agw_call* call) -> std::int32_t {
    result(call, "event", "uninstalled");
    result(call, "org_id", "acme");
    static_cast<void>(call->emit(call->host, AGW_EVENT));
    return AGW_DENIED;
  });
  ASSERT_FALSE(reading.ok());
  EXPECT_EQ(reading.error().kind, ErrorKind::Denied);
}

TEST(PluginProvider, EventThatIsNone_IsMalformed) {
  EXPECT_FALSE(read([](const agw_call* call) -> std::int32_t {
                 result(call, "event", "exploded");
                 result(call, "org_id", "acme");
                 return call->emit(call->host, AGW_EVENT);
               }).ok());
  EXPECT_FALSE(read([](const agw_call* call) -> std::int32_t {
                 result(call, "event", "uninstalled");
                 return call->emit(call->host, AGW_EVENT);
               }).ok());
  EXPECT_FALSE(read([](const agw_call* call) -> std::int32_t {
                 result(call, "event", "consent_ended");
                 result(call, "org_id", "acme");
                 return call->emit(call->host, AGW_EVENT);
               }).ok());
  EXPECT_FALSE(read([](const agw_call* call) -> std::int32_t {
                 result(call, "event", "uninstalled");
                 result(call, "org_id", "acme");
                 result(call, "at", "yesterday");
                 return call->emit(call->host, AGW_EVENT);
               }).ok());
}

TEST(PluginProvider, SignedEventToken_IsVerifiedFromTheBody) {
  ScriptedServices services;
  services.claims = boost::json::object{{"jti", "event-1"}};
  const auto reading =
      providerOf(
          [](const agw_call* call) -> std::int32_t {
            call->put(call->host, AGW_VERIFY, text("issuer"), text("https://id.example.com/"));
            call->put(call->host, AGW_VERIFY, text("jwks_url"), text("https://id.example.com/keys"));
            result(call, "event", "consent_ended");
            result(call, "subject", "7");
            result(call, "at", "1700000000");
            result(call, "delivery", got(call, AGW_ID_TOKEN, "/jti"));
            return call->emit(call->host, AGW_EVENT);
          },
          services)
          ->readWebhook({.method = "POST", .query = {}, .headers = {}, .body = "a.b.c", .publicUrl = ""});
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  ASSERT_EQ(reading->events.size(), 1U);
  EXPECT_EQ(reading->events[0].delivery, "event-1");
  EXPECT_EQ(reading->events[0].at, TimePoint(std::chrono::seconds(1'700'000'000)));
  ASSERT_EQ(services.checks.size(), 1U);
  EXPECT_TRUE(services.checks[0].securityEvent);
}

TEST(PluginProvider, Webhook_MaySendNothing) {
  ScriptedServices services;
  services.answer(200, "{}");
  const auto reading = providerOf(
                           [](const agw_call* call) -> std::int32_t {
                             call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
                             return call->send(call->host);
                           },
                           services)
                           ->readWebhook({});
  EXPECT_FALSE(reading.ok());
  EXPECT_TRUE(services.requests.empty());
}

TEST(PluginProvider, DeviceAuthorization_IsCheckedBeforeAPersonSeesIt) {
  ScriptedServices services;
  const auto grant = [&](Body body) { return providerOf(body, services)->startDevice({"a"}); };
  const auto good = grant([](const agw_call* call) -> std::int32_t {
    result(call, "device_code", "d-1");
    result(call, "user_code", "WDJB-MJHT");
    result(call, "verification_uri", "https://id.example.com/go");
    result(call, "expires_in", "900");
    return call->emit(call->host, AGW_DEVICE_GRANT);
  });
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->interval, std::chrono::seconds(5));
  EXPECT_EQ(good->expiresIn, std::chrono::seconds(900));
  EXPECT_FALSE(grant([](const agw_call* call) -> std::int32_t {
                 result(call, "device_code", "d-1");
                 result(call, "user_code", "WDJB-MJHT");
                 result(call, "verification_uri", "javascript:alert(1)");
                 result(call, "expires_in", "900");
                 return call->emit(call->host, AGW_DEVICE_GRANT);
               }).ok());
}

TEST(PluginProvider, DevicePoll_TellsPendingFromSlowDownAndTokens) {
  ScriptedServices services;
  const auto poll = [&](Body body) { return providerOf(body, services)->pollDevice(Secret("d-1"), {}); };
  const auto pending = poll([](const agw_call*) -> std::int32_t { return AGW_PENDING; });
  ASSERT_TRUE(pending.ok());
  EXPECT_FALSE(pending->tokens);
  EXPECT_FALSE(pending->slowDown);
  EXPECT_TRUE(poll([](const agw_call* call) -> std::int32_t {
                call->put(call->host, AGW_ERROR, text("code"), text("slow_down"));
                return AGW_PENDING;
              })->slowDown);
  const auto done = poll([](const agw_call* call) -> std::int32_t {
    return emitToken(call, got(call, AGW_INPUT, "device_code"), "");
  });
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->tokens->accessToken.reveal(), "d-1");
  const auto refused = poll([](const agw_call*) -> std::int32_t { return AGW_DENIED; });
  EXPECT_EQ(refused.error().kind, ErrorKind::Denied);
  EXPECT_NE(refused.error().code, kDeviceExpired);
  const auto over = poll([](const agw_call* call) -> std::int32_t {
    call->put(call->host, AGW_ERROR, text("code"), text("expired_token"));
    return AGW_DENIED;
  });
  EXPECT_EQ(over.error().kind, ErrorKind::Denied);
  EXPECT_EQ(over.error().code, kDeviceExpired);
}

}  // namespace
}  // namespace agw::test
