#include <gtest/gtest.h>

#include "auth_gateway/provider.hpp"
#include "auth_gateway/testing/fixture.hpp"

// What minor version 1 of the contract added to the SDK.
namespace auth_gateway {
namespace {

using testing::runFixture;

class Device final : public OAuthProvider {
  Dialect dialect(const Call&) const override {
    Dialect device;
    device.tokenUrl = "https://id.example.com/token";
    device.deviceAuthorizationUrl = "https://id.example.com/device";
    device.clientAuth = ClientAuth::Basic;
    return device;
  }
};

class Signed final : public OAuthProvider {
  Dialect dialect(const Call&) const override { return {}; }

  Status webhook(Call& call, const Dialect&) const override {
    const auto expected = "sha256=" + std::string(call.hmacSha256(call.webhookSecret(), call.inboundBody()));
    if (!equalInConstantTime(call.inboundHeader("x-signature").value_or(""), expected)) return Status::Denied;
    call.result("event", "uninstalled");
    call.result("org_id", call.document("/org/id"));
    if (!call.parse(R"({"inner":[1,2]})")) return Status::Malformed;
    call.result("delivery", call.document("/inner/1"));
    return call.emit(AGW_EVENT);
  }
  Status installationToken(Call& call, const Dialect&) const override {
    const auto jwt = call.signedJwt("{\"iss\":" + jsonString(call.clientId()) + "}");
    if (!jwt) return call.fail(Status::BadOption, "Set private_key.");
    call.url("https://api.example.com/tokens");
    call.method("POST");
    call.bearer(*jwt);
    if (const auto status = call.send(); status != Status::Ok) return status;
    call.result("access_token", call.plain("/token"));
    if (const auto ends = utcTime(call.plain("/expires_at").value_or("")); ends && call.answerTime())
      call.result("expires_in", std::to_string(*ends - *call.answerTime()));
    return call.emit(AGW_TOKEN);
  }
};

template <class P>
std::string ran(const std::string& given) {
  return runFixture(*detail::descriptor<P>("x", "1.0.0", "X", 0), given + "\n---\n").actual;
}

TEST(Device, Authorization_IsRfc8628WithProofOfTheClient) {
  EXPECT_EQ(
      ran<Device>("call device\ninput scopes openid email\n"
                  "answer 200 {\"device_code\":\"d-1\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":"
                  "\"https://id.example.com/go\",\"expires_in\":900,\"interval\":7}"),
      "POST https://id.example.com/device\n"
      "  header Accept: application/json\n"
      "  basic client-id client-secret\n"
      "  form scope=openid email\n"
      "DEVICE_GRANT\n"
      "  device_code=d-1\n"
      "  user_code=WDJB-MJHT\n"
      "  verification_uri=https://id.example.com/go\n"
      "  expires_in=900\n"
      "  interval=7\n"
      "OK\n");
}

TEST(Device, OlderSpellingOfTheAddress_IsRead) {
  const auto text = ran<Device>(
      "call device\nanswer 200 {\"device_code\":\"d-1\",\"user_code\":\"A\",\"verification_url\":"
      "\"https://id.example.com/go\",\"expires_in\":1800}");
  EXPECT_NE(text.find("verification_uri=https://id.example.com/go\n"), text.npos) << text;
}

TEST(Device, AnswerThatLacksAPart_IsMalformed) {
  EXPECT_NE(ran<Device>("call device\nanswer 200 {\"device_code\":\"d-1\"}").find("MALFORMED"),
            std::string::npos);
}

TEST(Device, Poll_KeepsPendingAndSlowDownApartFromFailures) {
  const auto outcome = [](const std::string& answer) {
    const auto text = ran<Device>("call device_token\ninput device_code d-1\nanswer " + answer);
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  };
  for (const char* status : {"200", "400", "403", "428"}) {
    EXPECT_EQ(outcome(std::string(status) + " {\"error\":\"authorization_pending\"}"), "PENDING\n") << status;
  }
  EXPECT_EQ(outcome("400 {\"error\":\"slow_down\"}"), "PENDING\n");
  EXPECT_EQ(outcome("400 {\"error\":\"expired_token\"}"), "DENIED\n");
  EXPECT_EQ(outcome("400 {\"error\":\"access_denied\"}"), "DENIED\n");
  EXPECT_EQ(outcome("429 {\"error\":\"authorization_pendin\"}"), "RATE_LIMITED\n");
  EXPECT_EQ(outcome("503 {\"error\":\"authorization_pending\"}"), "TRANSIENT\n");
  EXPECT_EQ(outcome("400 {\"error\":\"an_unknown_word\"}"), "TRANSIENT\n");
  EXPECT_EQ(outcome("200 {\"access_token\":\"t\"}"), "OK\n");
}

TEST(Device, CodeWhoseTimeIsOver_IsCalledSoWhateverTheProviderCallsIt) {
  for (const char* word : {"expired_token", "invalid_grant"}) {
    const auto text = ran<Device>("call device_token\ninput device_code d-1\nanswer 400 {\"error\":\"" +
                                  std::string(word) + "\"}");
    EXPECT_NE(text.find("error code=expired_token\n"), std::string::npos) << text;
  }
}

TEST(Device, ProviderWithoutTheAddress_HasNoDeviceFlow) {
  EXPECT_EQ(ran<Signed>("call device"), "UNSUPPORTED\n");
  EXPECT_EQ(ran<Signed>("call device_token"), "UNSUPPORTED\n");
}

TEST(Callback, Default_TakesCodeOrErrorAndNothingElse) {
  EXPECT_EQ(ran<Signed>("call callback\nparameter code c-1\nparameter state s"), "  result code=c-1\nOK\n");
  EXPECT_EQ(ran<Signed>("call callback\nparameter error access_denied"),
            "  result error=access_denied\nOK\n");
  EXPECT_NE(ran<Signed>("call callback\nparameter code").find("MALFORMED"), std::string::npos);
}

// The signature is RFC 2104 HMAC-SHA256 of the body under `It's a Secret to Everybody`.
TEST(Webhook, RealSignature_IsCheckedByTheFakeHost) {
  const std::string given =
      "call webhook\nwebhook_secret It's a Secret to Everybody\ninbound-header X-Signature: sha256=";
  EXPECT_EQ(ran<Signed>(given + "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n"
                                "inbound-body Hello, World!"),
            "EVENT\n  event=uninstalled\n  delivery=2\nOK\n");
  EXPECT_EQ(ran<Signed>(given + "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18\n"
                                "inbound-body Hello, World!"),
            "DENIED\n");
}

TEST(SignedJwt, IsThereOnlyWithAKey) {
  const std::string given =
      "call installation_token\nanswer 201 {\"token\":\"t\",\"expires_at\":\"2023-11-14T23:13:20Z\"}\n"
      "answer-time 1700000000\n";
  EXPECT_EQ(ran<Signed>(given + "private_key"),
            "POST https://api.example.com/tokens\n"
            "  header Authorization: Bearer signed({\"iss\":\"client-id\"})\n"
            "TOKEN\n  access_token=t\n  expires_in=3600\nOK\n");
  EXPECT_EQ(ran<Signed>(given), "  error hint=Set private_key.\nBAD_OPTION\n");
}

TEST(Text, UtcTime_ReadsWhatApisWriteAndNothingElse) {
  EXPECT_EQ(utcTime("2026-10-30T12:00:00Z"), 1'793'361'600);
  EXPECT_EQ(utcTime("2000-02-29T23:59:59.123Z"), 951'868'799);
  EXPECT_EQ(utcTime("1970-01-01T00:00:00Z"), 0);
  for (const char* other :
       {"", "Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-10-30 12:00:00Z",
        "2026-10-30T12:00:00+02:00", "2026-10-30T12:00:00.Z", "2026-10-30T12:00:00.1x9Z"}) {
    EXPECT_FALSE(utcTime(other)) << other;
  }
}

TEST(Encoding, Base64Url_HasOneSpelling) {
  EXPECT_EQ(base64UrlDecode("aGVsbG8"), "hello");
  EXPECT_EQ(base64UrlDecode(""), "");
  EXPECT_EQ(base64UrlDecode("_-8"), "\xff\xef");
  for (const char* other : {"aGVsbG8=", "aGVsbG9", "aGV+", "aGV/", "aGVsb", "aG Vs"}) {
    EXPECT_FALSE(base64UrlDecode(other)) << other;
  }
}

TEST(Encoding, EqualInConstantTime_ComparesWhole) {
  EXPECT_TRUE(equalInConstantTime("", ""));
  EXPECT_TRUE(equalInConstantTime("abc", "abc"));
  EXPECT_FALSE(equalInConstantTime("abc", "abd"));
  EXPECT_FALSE(equalInConstantTime("abc", "abcd"));
  EXPECT_FALSE(equalInConstantTime("", "a"));
}

}  // namespace
}  // namespace auth_gateway
