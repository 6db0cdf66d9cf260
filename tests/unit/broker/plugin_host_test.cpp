#include "broker/plugin_host.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "support/fakes.hpp"
#include "unit/crypto/signing_keys.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

/// Publishes a key set at every address.
class KeyServer final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest& request) override {
    ++requests;
    lastAllowPrivate = request.allowPrivate;
    if (failure) return *failure;
    HttpResponse response;
    response.status = status;
    if (!cacheControl.empty()) response.headers = {{"cache-control", cacheControl}};
    response.body = Secret(keys);
    return response;
  }
  int requests = 0;
  bool lastAllowPrivate = false;
  int status = 200;
  std::string cacheControl;
  std::string keys;
  std::optional<Error> failure;
};

const SigningKey& key() {
  static const SigningKey made = SigningKey::elliptic();
  return made;
}

class PluginHostTest : public testing::Test {
 protected:
  void SetUp() override { publish("one"); }
  void publish(const std::string& kid) {
    server.keys = R"({"keys":[{)" + key().jwk() + R"(,"kid":")" + kid + R"("}]})";
  }
  [[nodiscard]] Secret token(const std::string& kid = "one") const {
    const auto seconds = toMillis(clock.now()) / 1000;
    const json::object claims{
        {"iss", "https://id.example"}, {"aud", "us"}, {"sub", "1"}, {"nonce", "n"}, {"iat", seconds},
        {"exp", seconds + 600}};
    const std::string text = base64UrlEncode(R"({"alg":"ES256","kid":")" + kid + "\"}") + "." +
                             base64UrlEncode(json::serialize(claims));
    return Secret(text + "." + base64UrlEncode(key().sign(text)));
  }
  Result<json::object> verify(const Secret& text, const std::string& url = "https://id.example/keys") {
    return host->verifyIdToken(text, {{"https://id.example"}, url, "us", "n", false});
  }

  FakeClock clock;
  RecordingLog log;
  KeyServer server;
  std::unique_ptr<HostServices> host = makeHostServices(server, clock, log);
};

TEST_F(PluginHostTest, GoodToken_YieldsItsClaims) {
  EXPECT_EQ(verify(token())->at("sub").as_string(), "1");
}
TEST_F(PluginHostTest, Keys_AreFetchedOnceAnHourWhenNothingIsSaid) {
  EXPECT_TRUE(verify(token()).ok());
  clock.advance(3599s);
  EXPECT_TRUE(verify(token()).ok());
  EXPECT_EQ(server.requests, 1);
  clock.advance(1s);
  EXPECT_TRUE(verify(token()).ok());
  EXPECT_EQ(server.requests, 2);
}

struct Life {
  const char* cacheControl;
  std::chrono::seconds kept;
};
class KeyLife : public PluginHostTest, public testing::WithParamInterface<Life> {};
TEST_P(KeyLife, FollowsCacheControlWithinBounds) {
  server.cacheControl = GetParam().cacheControl;
  EXPECT_TRUE(verify(token()).ok());
  clock.advance(GetParam().kept - 1s);
  EXPECT_TRUE(verify(token()).ok());
  EXPECT_EQ(server.requests, 1);
  clock.advance(1s);
  EXPECT_TRUE(verify(token()).ok());
  EXPECT_EQ(server.requests, 2);
}
INSTANTIATE_TEST_SUITE_P(Headers, KeyLife,
                         testing::Values(Life{"public, max-age=7200", 7200s}, Life{"max-age=1", 300s},
                                         Life{"Max-Age=100000000", 86400s}, Life{"no-store", 300s},
                                         Life{"max-age=99999999999999999999", 86400s},
                                         Life{"max-age=x", 3600s}, Life{"max-age=-5", 300s}));

TEST_F(PluginHostTest, KeyThatIsNew_IsFetched) {
  EXPECT_TRUE(verify(token()).ok());
  publish("two");
  clock.advance(60s);
  EXPECT_TRUE(verify(token("two")).ok());
  EXPECT_EQ(server.requests, 2);
}
TEST_F(PluginHostTest, KeysThatNobodyHas_AreLookedForOnceAMinute) {
  EXPECT_TRUE(verify(token()).ok());
  clock.advance(60s);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(verify(token("nobody's")).error().kind, ErrorKind::Malformed);
  EXPECT_EQ(server.requests, 2);
}
TEST_F(PluginHostTest, KeysThatCannotBeHad_AreTemporary) {
  server.status = 503;
  EXPECT_EQ(verify(token()).error().kind, ErrorKind::Transient);
  clock.advance(5s);
  server.failure = Error{.kind = ErrorKind::Transient, .message = "away"};
  EXPECT_EQ(verify(token()).error().kind, ErrorKind::Transient);
  server.failure.reset();
  clock.advance(5s);
  server.status = 200;
  EXPECT_TRUE(verify(token()).ok());
}
TEST_F(PluginHostTest, PageInPlaceOfTheKeys_IsTemporaryAndNotKept) {
  const std::string good = server.keys;
  for (const char* page : {"<html>Maintenance</html>", "{}", R"({"keys":"soon"})", "[]"}) {
    server.keys = page;
    EXPECT_EQ(verify(token()).error().kind, ErrorKind::Transient) << page;
    clock.advance(5s);
  }
  server.keys = good;
  EXPECT_TRUE(verify(token()).ok());
}
TEST_F(PluginHostTest, KeysThatCannotBeHad_AreAskedForOnceInFiveSeconds) {
  server.status = 503;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(verify(token()).error().kind, ErrorKind::Transient);
  EXPECT_EQ(server.requests, 1);
}
TEST_F(PluginHostTest, ManyProviders_KeepThirtyTwoSets) {
  for (int i = 0; i <= 32; ++i) {
    EXPECT_TRUE(verify(token(), "https://id.example/" + std::to_string(i)).ok());
    clock.advance(1s);
  }
  EXPECT_EQ(server.requests, 33);
  EXPECT_TRUE(verify(token(), "https://id.example/32").ok());
  EXPECT_EQ(server.requests, 33);
  EXPECT_TRUE(verify(token(), "https://id.example/0").ok());
  EXPECT_EQ(server.requests, 34);
}
TEST_F(PluginHostTest, PrivateAddresses_AreAskedOnlyWhenTheEntryAllows) {
  EXPECT_TRUE(verify(token()).ok());
  EXPECT_FALSE(server.lastAllowPrivate);
  EXPECT_TRUE(
      host->verifyIdToken(token(), {{"https://id.example"}, "https://in.example", "us", "n", true}).ok());
  EXPECT_TRUE(server.lastAllowPrivate);
}
// RFC 4231, test case 2.
TEST_F(PluginHostTest, Hmac_IsLowerCaseHex) {
  EXPECT_EQ(host->hmacSha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace agw::test
