#include "api_rig.hpp"

namespace agw::api {
namespace {

using test::ApiRig;
using test::field;
using test::headerOf;
using testing::HasSubstr;
using testing::Not;

class WebhookEndpoints : public testing::Test, public ApiRig {
 protected:
  WebhookEndpoints() { answers({}); }
  void answers(WebhookReading reading) {
    provider->webhook = [this, reading](const WebhookRequest& request) -> Result<WebhookReading> {
      got = request;
      return reading;
    };
  }
  void refuses(ErrorKind kind, const std::string& message) {
    provider->webhook = [kind, message](const WebhookRequest&) -> Result<WebhookReading> {
      return Error{.kind = kind, .message = message};
    };
  }
  Response send(const std::string& body, const std::string& type = "application/json",
                const std::string& path = "/oauth/webhooks/fake") {
    return ask({.path = path, .body = body, .key = "", .type = type, .headers = {{"X-Event", "gone"}}});
  }
  Response look(const std::string& accept, const std::string& path = "/oauth/webhooks/fake") {
    return ask({.method = "GET",
                .path = path,
                .key = "",
                .query = {{"id", "<b>"}},
                .headers = {{"Accept", accept}}});
  }
  WebhookRequest got;
};

TEST_F(WebhookEndpoints, Request_ReachesThePluginAsItCame) {
  const std::string octets = "{\"a\": 1,\"a\":2}\xff\n";
  EXPECT_EQ(send(octets, "application/secevent+jwt").status, 200) << "any type, and no JSON of ours";
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.body, octets);
  EXPECT_EQ(got.publicUrl, "https://gateway.x.com/oauth/webhooks/fake");
  EXPECT_EQ(got.headers.front(), (std::pair<std::string, std::string>("X-Event", "gone")));
}

TEST_F(WebhookEndpoints, Event_IsAnsweredByWhatBecameOfIt) {
  ProviderEvent event;
  event.orgId = "org-1";
  event.delivery = "d1";
  answers({.events = {event}, .contentType = {}, .body = {}});
  EXPECT_EQ(field(send("x"), "status"), "applied");
  const auto again = send("x");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(field(again, "status"), "replayed");
}

TEST_F(WebhookEndpoints, ReplyOfThePlugin_IsSentAsItIs) {
  answers({.events = {}, .contentType = "text/plain; charset=utf-8", .body = "challenge"});
  const auto verified = send("x");
  EXPECT_EQ(verified.body, "challenge");
  EXPECT_EQ(verified.contentType, "text/plain; charset=utf-8");
  answers({.events = {}, .status = 202, .contentType = {}, .body = {}});
  const auto accepted = send("x");
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "");
}

TEST_F(WebhookEndpoints, WrongSignature_Is401AndOurWord) {
  refuses(ErrorKind::Denied, "Wrong.");
  const auto refused = send("x");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(field(refused, "error"), "invalid_signature");
}

TEST_F(WebhookEndpoints, Statuses_SayWhoMustAct) {
  EXPECT_EQ(send("x", "application/json", "/oauth/webhooks/nobody").status, 404);
  refuses(ErrorKind::Malformed, "Not JSON.");
  EXPECT_EQ(send("x").status, 400);
  refuses(ErrorKind::BadOption, "Set webhook_secret.");
  const auto unset = send("x");
  EXPECT_EQ(unset.status, 503);
  EXPECT_EQ(headerOf(unset, "Retry-After"), "300");
  EXPECT_THAT(field(unset, "message"), HasSubstr("Set webhook_secret."));
  provider->webhook = nullptr;
  EXPECT_EQ(send("x").status, 404);
  directory.notConfigured("later");
  EXPECT_EQ(field(send("x", "application/json", "/oauth/webhooks/later"), "error"),
            "provider_not_configured");
}

TEST_F(WebhookEndpoints, StoreAway_Is503SoThatItComesAgain) {
  ProviderEvent event;
  event.orgId = "org-1";
  answers({.events = {event}, .contentType = {}, .body = {}});
  storage.failAll();
  EXPECT_EQ(send("x").status, 503);
  storage.failCall(0);
  EXPECT_EQ(field(send("x"), "status"), "applied");
}

TEST_F(WebhookEndpoints, Look_AnswersAProgramInTextAndAPersonWithAPage) {
  answers({.events = {}, .contentType = "text/plain; charset=utf-8", .body = "deleted <b>"});
  EXPECT_EQ(look("*/*").body, "deleted <b>") << "a handshake is compared letter by letter";
  EXPECT_EQ(got.method, "GET");
  EXPECT_EQ(got.query.at("id"), "<b>");
  const auto page = look("text/html,application/xhtml+xml");
  EXPECT_EQ(page.contentType, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("deleted &lt;b&gt;"));
  refuses(ErrorKind::Denied, "The confirmation code is wrong.");
  const auto wrong = look("text/html");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.body, HasSubstr("The confirmation code is wrong."));
  EXPECT_THAT(wrong.body, Not(HasSubstr("Done")));
}

TEST_F(WebhookEndpoints, Head_IsAskedAsGet) {
  static_cast<void>(ask({.method = "HEAD", .path = "/oauth/webhooks/fake", .key = ""}));
  EXPECT_EQ(got.method, "GET");
}

}  // namespace
}  // namespace agw::api
