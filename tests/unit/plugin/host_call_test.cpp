#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "plugin/host_call.hpp"
#include "scripted_services.hpp"

// A plugin's output is a stranger's (I8). The plugins here are functions that misbehave.
namespace agw::test {
namespace {

using testing::HasSubstr;
using testing::Not;

agw_text text(std::string_view view) {
  return {view.data(), view.size()};
}
constexpr agw_text none{nullptr, 0};

using Body = std::int32_t (*)(const agw_call*);

/// A provider whose every operation is `body`.
std::shared_ptr<Provider> providerOf(Body body, ScriptedServices& services) {
  auto plugin = *adoptPlugin(builtinOauth2());
  // Descriptors live as long as the process.
  auto* descriptor = new agw_provider(*plugin.descriptor);
  static std::vector<std::unique_ptr<agw_provider>> descriptors;
  descriptors.emplace_back(descriptor);
  descriptor->call = body;
  plugin.descriptor = descriptor;
  return makeProvider(plugin, gatewayConfig(), services);
}

Result<TokenSet> refreshed(Body body, ScriptedServices& services) {
  return providerOf(body, services)
      ->refresh({Secret("refresh-token-1"), Secret("access-token-1"), {}, Secret("carried")});
}

ErrorKind kindOf(Body body) {
  ScriptedServices services;
  services.answer(200, "{}");
  const auto tokens = refreshed(body, services);
  return tokens ? ErrorKind::Conflict : tokens.error().kind;
}

void putToken(const agw_call* call, std::string_view name, std::string_view value) {
  call->put(call->host, AGW_RESULT, text(name), text(value));
}

TEST(HostCall, HeaderThatBreaksOut_FailsTheOperation) {  // I8
  EXPECT_EQ(kindOf([](const agw_call* call) -> std::int32_t {
              call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
              call->put(call->host, AGW_REQUEST_HEADER, text("X"), text("a\r\nHost: b"));
              return call->send(call->host);
            }),
            ErrorKind::BadOption);
}

TEST(HostCall, RefusedPut_IsRememberedThoughThePluginForgets) {  // I8
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        call->put(call->host, AGW_METHOD, none, text("CONNECT"));
        putToken(call, "access_token", "at");
        call->emit(call->host, AGW_TOKEN);
        return AGW_OK;
      },
      services);
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(tokens.error().kind, ErrorKind::BadOption);
  EXPECT_TRUE(services.requests.empty());
}

TEST(HostCall, SecretInAnAddress_IsNotSent) {
  ScriptedServices services;
  services.answer(200, "{}");
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        agw_text secret = none;
        call->get(call->host, AGW_CLIENT, text("secret"), &secret);
        call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
        call->put(call->host, AGW_QUERY, text("client_secret"), secret);
        return call->send(call->host);
      },
      services);
  EXPECT_EQ(tokens.error().kind, ErrorKind::Bug);
  EXPECT_TRUE(services.requests.empty());
}

TEST(HostCall, HintThatQuotesASecret_IsDropped) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        call->put(call->host, AGW_ERROR, text("hint"), text("it was refresh-token-1, you know"));
        call->put(call->host, AGW_ERROR, text("code"), text("refresh-token-1"));
        return AGW_TRANSIENT;
      },
      services);
  EXPECT_THAT(tokens.error().message + tokens.error().detail, Not(HasSubstr("refresh-token-1")));
}

TEST(HostCall, Hint_IsShownOnOneLineAndCut) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        const std::string hint = "first\r\nsecond\x1b[31m" + std::string(1000, 'x') + "end";
        call->put(call->host, AGW_ERROR, text("hint"), text(hint));
        return AGW_BAD_OPTION;
      },
      services);
  EXPECT_THAT(tokens.error().message, HasSubstr("OAuth 2.0 is configured wrongly. first  second [31mxxx"));
  EXPECT_LT(tokens.error().message.size(), 400U);
}

TEST(HostCall, ChallengeOfADeadGrant_IsHandedOver_IfItCanStandInALink) {
  ScriptedServices services;
  const auto challenge = [&](Body body) {
    const auto facts = refreshed(body, services).error().facts;
    return facts.contains("challenge") ? facts.at("challenge").front() : "none";
  };
  EXPECT_EQ(challenge([](const agw_call* call) -> std::int32_t {
              call->put(call->host, AGW_ERROR, text("challenge"), text("{\"a\":1}"));
              return AGW_GRANT_DEAD;
            }),
            "{\"a\":1}");
  EXPECT_EQ(challenge([](const agw_call* call) -> std::int32_t {
              call->put(call->host, AGW_ERROR, text("challenge"), text("{\"a\":1}"));
              return AGW_TRANSIENT;
            }),
            "none");
  EXPECT_EQ(challenge([](const agw_call* call) -> std::int32_t {
              call->put(call->host, AGW_ERROR, text("challenge"), text("refresh-token-1"));
              return AGW_GRANT_DEAD;
            }),
            "none");
  EXPECT_EQ(challenge([](const agw_call* call) -> std::int32_t {
              const std::string lines = "a\r\nb";
              call->put(call->host, AGW_ERROR, text("challenge"), text(lines));
              return AGW_GRANT_DEAD;
            }),
            "none");
  EXPECT_EQ(challenge([](const agw_call* call) -> std::int32_t {
              const std::string endless(4097, 'x');
              call->put(call->host, AGW_ERROR, text("challenge"), text(endless));
              return AGW_GRANT_DEAD;
            }),
            "none");
}

TEST(HostCall, ErrorWord_IsForTheLogAlone) {
  ScriptedServices services;
  services.answer(400, R"({"error":"an_odd_word"})");
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
        if (call->send(call->host) != AGW_OK) return AGW_BUG;
        agw_text word = none;
        call->get(call->host, AGW_JSON, text("/error"), &word);
        call->put(call->host, AGW_ERROR, text("code"), word);
        return AGW_TRANSIENT;
      },
      services);
  EXPECT_EQ(tokens.error().detail, "error an_odd_word, HTTP 400");
  EXPECT_THAT(tokens.error().message, Not(HasSubstr("an_odd_word")));
}

TEST(HostCall, ExceptionOfAnyKind_IsABug) {  // I6
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { throw std::runtime_error("x"); }), ErrorKind::Bug);
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { throw 7; }), ErrorKind::Bug);
}

TEST(HostCall, NumberThatTheContractDoesNotHave_IsABug) {
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { return 11; }), ErrorKind::Bug);
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { return -1; }), ErrorKind::Bug);
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { return AGW_ABSENT; }), ErrorKind::Bug);
}

TEST(HostCall, SuccessWithoutAToken_IsMalformed) {
  EXPECT_EQ(kindOf([](const agw_call*) -> std::int32_t { return AGW_OK; }), ErrorKind::Malformed);
}

TEST(HostCall, EndlessPlugin_IsBounded) {  // I7, I8
  EXPECT_EQ(kindOf([](const agw_call* call) -> std::int32_t {
              while (true) {
                const auto status = call->emit(call->host, AGW_TOKEN);
                if (status != AGW_OK) return status;
              }
            }),
            ErrorKind::Malformed);
  EXPECT_EQ(kindOf([](const agw_call* call) -> std::int32_t {
              const std::string much(1U << 16, 'x');
              while (true) {
                const auto status = call->put(call->host, AGW_RESULT, text("a"), text(much));
                if (status != AGW_OK) return status;
              }
            }),
            ErrorKind::Malformed);
  EXPECT_EQ(kindOf([](const agw_call* call) -> std::int32_t {
              agw_text value = none;
              while (true) {
                const auto status = call->get(call->host, AGW_NOW, none, &value);
                if (status != AGW_OK) return status;
              }
            }),
            ErrorKind::Bug);
}

TEST(HostCall, NumberOfRequests_IsBounded) {
  ScriptedServices services;
  for (int index = 0; index < 100; ++index) services.answer(200, "{}");
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        while (true) {
          call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
          if (const auto status = call->send(call->host); status != AGW_OK) return status;
        }
      },
      services);
  EXPECT_EQ(tokens.error().kind, ErrorKind::Bug);
  EXPECT_EQ(services.requests.size(), 16U);
}

TEST(HostCall, TimeOfAllRequests_IsBounded) {
  ScriptedServices services;
  for (int i = 0; i < 3; ++i) services.answer(200, "{}");
  (void)refreshed(
      [](const agw_call* call) -> std::int32_t {
        for (int i = 0; i < 3; ++i) {
          call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
          call->send(call->host);
        }
        return AGW_TRANSIENT;
      },
      services);
  ASSERT_EQ(services.requests.size(), 3U);
  auto before = std::chrono::milliseconds(10'000);  // what a lease counts on
  for (const auto& request : services.requests) {
    EXPECT_LE(request.atMost, before);
    before = request.atMost;
  }
}

TEST(HostCall, ValuesOfAnEarlierAnswer_StayValidForTheCall) {
  ScriptedServices services;
  services.answer(200, R"({"access_token":"first-token"})");
  services.answer(200, R"({"access_token":"second-token"})");
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        agw_text first = none;
        for (int index = 0; index < 2; ++index) {
          call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
          if (const auto status = call->send(call->host); status != AGW_OK) return status;
          if (index == 0) call->get(call->host, AGW_JSON, text("/access_token"), &first);
        }
        call->put(call->host, AGW_RESULT, text("access_token"), first);
        return call->emit(call->host, AGW_TOKEN);
      },
      services);
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->accessToken.reveal(), "first-token");
}

TEST(HostCall, SeveralTokens_ThePersonsIsTaken) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        putToken(call, "access_token", "bot-token");
        putToken(call, "kind", "bot");
        call->emit(call->host, AGW_TOKEN);
        putToken(call, "access_token", "user-token");
        putToken(call, "kind", "user");
        return call->emit(call->host, AGW_TOKEN);
      },
      services);
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->accessToken.reveal(), "user-token");
}

TEST(HostCall, CarryAndClock_ReachThePlugin) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        agw_text value = none;
        call->get(call->host, AGW_CARRY, none, &value);
        call->put(call->host, AGW_RESULT, text("access_token"), value);
        call->get(call->host, AGW_NOW, none, &value);
        call->put(call->host, AGW_RESULT, text("carry"), value);
        return call->emit(call->host, AGW_TOKEN);
      },
      services);
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->accessToken.reveal(), "carried");
  EXPECT_EQ(tokens->carry.reveal(), "1700000000");
}

TEST(HostCall, UnknownSlotsAndRecords_AreUnsupportedAndHarmless) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        agw_text value = none;
        const bool unsupported = call->get(call->host, 99, none, &value) == AGW_UNSUPPORTED &&
                                 call->put(call->host, 99, none, none) == AGW_UNSUPPORTED &&
                                 call->emit(call->host, 99) == AGW_UNSUPPORTED;
        if (!unsupported) return AGW_BUG;
        putToken(call, "access_token", "at");
        return call->emit(call->host, AGW_TOKEN);
      },
      services);
  EXPECT_TRUE(tokens.ok());
}

TEST(HostCall, Authorize_MayNotSendAndMustGiveAWebAddress) {  // I8
  ScriptedServices services;
  const AuthorizationRequest request{
      .state = "s", .nonce = "", .codeChallenge = "c", .scopes = {}, .loginHint = ""};
  const auto sending = providerOf(
      [](const agw_call* call) -> std::int32_t {
        call->put(call->host, AGW_URL, none, text("https://id.example.com/"));
        return call->send(call->host);
      },
      services);
  EXPECT_EQ(sending->authorizationUrl(request).error().kind, ErrorKind::Bug);
  EXPECT_TRUE(services.requests.empty());
  const auto scripted = providerOf(
      [](const agw_call* call) -> std::int32_t {
        return call->put(call->host, AGW_RESULT, text("url"), text("javascript:alert(1)"));
      },
      services);
  EXPECT_EQ(scripted->authorizationUrl(request).error().kind, ErrorKind::Bug);
}

TEST(HostCall, IdentityWithControlCharactersOrWithoutSubject_IsMalformed) {  // I8
  ScriptedServices services;
  const auto nameless = providerOf(
      [](const agw_call* call) -> std::int32_t { return call->emit(call->host, AGW_IDENTITY); }, services);
  EXPECT_EQ(nameless->identify({}, "").error().kind, ErrorKind::Malformed);
  const auto forged = providerOf(
      [](const agw_call* call) -> std::int32_t {
        putToken(call, "subject", "1");
        putToken(call, "email", "a@example.com\nevent=forged");
        return call->emit(call->host, AGW_IDENTITY);
      },
      services);
  EXPECT_EQ(forged->identify({}, "").error().kind, ErrorKind::Malformed);
}

TEST(HostCall, Hmac_UsesTheKeyThatWasPut) {
  ScriptedServices services;
  const auto tokens = refreshed(
      [](const agw_call* call) -> std::int32_t {
        agw_text value = none;
        call->put(call->host, AGW_SIGN, text("key"), text("k"));
        call->get(call->host, AGW_HMAC_SHA256, text("message"), &value);
        call->put(call->host, AGW_RESULT, text("access_token"), value);
        return call->emit(call->host, AGW_TOKEN);
      },
      services);
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->accessToken.reveal(), "k|message");
}

}  // namespace
}  // namespace agw::test
