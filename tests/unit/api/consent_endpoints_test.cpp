#include "api_rig.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::ApiRig;
using test::bodyOf;
using test::FakeProvider;
using test::field;
using test::headerOf;
using test::kAlice;
using test::subject;
using testing::HasSubstr;
using testing::Not;

class ConsentEndpoints : public testing::Test, public ApiRig {
 protected:
  Response init(const std::string& extra = "") {
    return post("/auth/init", R"({"provider":"fake","user_email":"alice@x.com")" + extra + "}");
  }
  /// What the browser brings back after `who` consented to the link of `begun`.
  CallbackParameters consented(const Response& begun, const Identity& who = test::alice()) {
    const auto url = field(begun, "auth_url");
    CallbackParameters parameters;
    parameters.state = FakeProvider::parameter(url, "state");
    parameters.code = provider->consent(url, who);
    return parameters;
  }
  Response status(const Response& begun) { return get("/auth/status/" + field(begun, "session_id"), ""); }
};

TEST_F(ConsentEndpoints, Init_GivesALinkASessionAndItsEnd) {
  const auto response = init();
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(bodyOf(response).size(), 3U);
  EXPECT_THAT(field(response, "auth_url"), HasSubstr("state="));
  EXPECT_TRUE(isUuid(field(response, "session_id")));
  EXPECT_EQ(field(response, "expires_at"), toRfc3339(clock.now() + 15min));
}

TEST_F(ConsentEndpoints, Init_RefusesWhatIsWrongAndNamesIt) {
  struct Case {
    std::string body;
    std::string error;
    std::string field;
  };
  const std::string start = R"({"provider":"fake","user_email":"alice@x.com",)";
  for (const Case& wrong : std::vector<Case>{
           {R"({"user_email":"alice@x.com"})", "invalid_request", "provider"},
           {R"({"provider":"fake"})", "invalid_request", "user_email"},
           {R"({"provider":"fake","user_email":"alice"})", "invalid_email", "user_email"},
           {R"({"provider":"fake","user_email":"alice@x.com\n"})", "invalid_email", "user_email"},
           {R"({"provider":"fake","user_email":["alice@x.com"]})", "invalid_request", "user_email"},
           {start + R"("scopes":"openid"})", "invalid_request", "scopes"},
           {start + R"("scopes":[]})", "invalid_scope", "scopes"},
           {start + R"("scopes":["a b"]})", "invalid_scope", "scopes"},
           {start + R"("scopes":["a\"b"]})", "invalid_scope", "scopes"},
           {start + R"("scopes":[""]})", "invalid_scope", "scopes"},
           {start + R"("redirect_after":"https://evil.example/done"})", "invalid_redirect", "redirect_after"},
           {start + R"("redirect_after":"http://localhost/done"})", "invalid_redirect", "redirect_after"},
           {start + R"("is_admin":true})", "invalid_request", "is_admin"}}) {
    const auto response = post("/auth/init", wrong.body);
    EXPECT_EQ(response.status, 400) << wrong.body;
    EXPECT_EQ(field(response, "error"), wrong.error) << wrong.body;
    EXPECT_EQ(bodyOf(response).at("details").at("field"), boost::json::value(wrong.field)) << wrong.body;
    EXPECT_EQ(field(response, "request_id"), "request-1");
  }
}

TEST_F(ConsentEndpoints, OtherMediaType_Is415) {
  EXPECT_EQ(ask({.path = "/auth/init", .body = subject(), .type = "text/plain"}).status, 415);
}

TEST_F(ConsentEndpoints, UnknownProvider_Is404AndUnconfiguredOneIs503) {
  directory.notConfigured("later");
  EXPECT_EQ(field(post("/auth/init", subject(kAlice, "nowhere")), "error"), "unknown_provider");
  const auto later = post("/auth/init", subject(kAlice, "later"));
  EXPECT_EQ(later.status, 503);
  EXPECT_EQ(field(later, "error"), "provider_not_configured");
}

TEST_F(ConsentEndpoints, Consent_EndsAtAPageAndACompletedStatus) {
  const auto begun = init();
  EXPECT_EQ(field(status(begun), "status"), "pending");
  const auto page = callback(consented(begun));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.contentType, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("Authentication Successful"));
  EXPECT_THAT(page.body, HasSubstr("a***@x.com"));
  const auto done = status(begun);
  EXPECT_EQ(field(done, "status"), "completed");
  EXPECT_EQ(field(done, "user_email"), kAlice);
  EXPECT_EQ(field(done, "provider"), "fake");
}

TEST_F(ConsentEndpoints, AllCallbackAddresses_FinishAConsent) {
  for (const char* path : {"/auth/callback/fake", "/auth/callback", "/callback/fake"}) {
    EXPECT_EQ(callback(consented(init()), path).status, 200) << path;
  }
}

TEST_F(ConsentEndpoints, PostedCallback_FinishesAConsent) {
  const auto parameters = consented(init());
  const auto page = ask({.path = "/auth/callback/fake",
                         .body = "state=" + *parameters.state + "&code=" + *parameters.code,
                         .key = "",
                         .type = "application/x-www-form-urlencoded"});
  EXPECT_EQ(page.status, 200) << page.body;
}

// D8: whoever comes here sits at a browser, so the refusal is a page.
TEST_F(ConsentEndpoints, CallbackWithADuplicate_IsRefusedByAPageAndTheLinkStaysGood) {
  const auto parameters = consented(init());
  const auto form = "state=" + *parameters.state + "&code=a&code=" + *parameters.code;
  const auto posted =
      ask({.path = "/auth/callback", .body = form, .key = "", .type = "application/x-www-form-urlencoded"});
  api::Request twice;
  twice.method = "GET";
  twice.path = "/auth/callback/fake";
  twice.requestId = "request-1";
  twice.queryFault = Error{.kind = ErrorKind::InvalidRequest, .message = "'code' is here twice."};
  for (const auto& page : {posted, router->route(twice)}) {
    EXPECT_EQ(page.status, 400);
    EXPECT_EQ(page.contentType, "text/html; charset=utf-8");
    EXPECT_THAT(page.body, testing::HasSubstr("request-1"));
  }
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
  EXPECT_EQ(callback(parameters).status, 200) << "nothing was used up";
}

// A3, A4
TEST_F(ConsentEndpoints, StateUsedTwiceUnknownOrOfAnotherProvider_Is400) {
  const auto parameters = consented(init());
  EXPECT_EQ(callback(parameters, "/auth/callback/other").status, 400);
  EXPECT_EQ(callback(parameters).status, 400);
  auto unknown = parameters;
  unknown.state = std::string(43, 'x');
  EXPECT_EQ(callback(unknown).status, 400);
  EXPECT_EQ(callback({}).status, 400);
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
}

TEST_F(ConsentEndpoints, HeadOfACallback_DoesNotUseUpTheLink) {
  const auto parameters = consented(init());
  EXPECT_EQ(ask({.method = "HEAD",
                 .path = "/auth/callback/fake",
                 .key = "",
                 .query = {{"state", *parameters.state}, {"code", *parameters.code}}})
                .status,
            400);
  EXPECT_EQ(callback(parameters).status, 200);
}

// B4, B6
TEST_F(ConsentEndpoints, RedirectAfter_GetsStatusAndSessionAndNothingElse) {
  const auto begun = init(R"(,"redirect_after":"https://app.x.com/done?x=1")");
  ASSERT_EQ(begun.status, 200) << begun.body;
  const auto parameters = consented(begun);
  const auto response = callback(parameters);
  EXPECT_EQ(response.status, 303);
  EXPECT_EQ(headerOf(response, "Location"),
            "https://app.x.com/done?x=1&status=completed&session_id=" + field(begun, "session_id"));
  EXPECT_EQ(response.body, "");
}

TEST_F(ConsentEndpoints, RefusalOfThePerson_IsToldThere) {
  const auto begun = init(R"(,"redirect_after":"https://app.x.com/done")");
  CallbackParameters parameters = consented(begun);
  parameters.code.reset();
  parameters.error = "access_denied";
  EXPECT_THAT(headerOf(callback(parameters), "Location"), HasSubstr("?status=failed&session_id="));
  EXPECT_EQ(field(status(begun), "status"), "failed");
}

TEST_F(ConsentEndpoints, Development_RedirectsToThisMachine) {
  ApiRig rig(true);
  EXPECT_EQ(
      rig.post("/auth/init",
               R"({"provider":"fake","user_email":"alice@x.com","redirect_after":"http://localhost:3000/"})")
          .status,
      200);
}

// A1, A2: another account consented.
TEST_F(ConsentEndpoints, ConsentOfAnotherAccount_IsRefusedAndSaysWhy) {
  const auto begun = init();
  const auto page = callback(consented(begun, test::mallory()));
  EXPECT_EQ(page.status, 400);
  EXPECT_THAT(page.body, HasSubstr("Authentication Failed"));
  EXPECT_THAT(page.body, HasSubstr("another account"));
  EXPECT_EQ(field(status(begun), "error"), "identity_mismatch");
  EXPECT_EQ(post("/auth/token", subject()).status, 401);
}

TEST_F(ConsentEndpoints, ExpiredSession_ReadsAsFailed) {
  const auto begun = init();
  clock.advance(15min);
  EXPECT_EQ(field(status(begun), "status"), "failed");
  EXPECT_EQ(field(status(begun), "error"), "Session expired");
}

TEST_F(ConsentEndpoints, StatusOfUnknownSessions_IsOne404) {
  const auto unknown = get("/auth/status/7d4c1f0e-9f0a-4c36-8b7a-2f6f0f6a3b11", "");
  EXPECT_EQ(unknown.status, 404);
  for (const char* id : {"x", "7D4C1F0E-9F0A-4C36-8B7A-2F6F0F6A3B11", "' OR 1=1 --"}) {
    EXPECT_EQ(get(std::string("/auth/status/") + id, "").body, unknown.body) << id;
  }
}

// B3: the provider's words never become part of the page.
TEST_F(ConsentEndpoints, HostileErrorParameters_AreNotEchoed) {
  for (const std::string payload :
       {"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</title><svg/onload=x>",
        "&lt;script&gt;", "' onmouseover='x", "javascript:alert(1)"}) {
    auto parameters = consented(init());
    parameters.code.reset();
    parameters.error = payload;
    const auto page = callback(parameters);
    EXPECT_THAT(page.body, Not(HasSubstr(payload)));
    EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  }
}

class ConfirmEndpoint : public ConsentEndpoints {
 protected:
  ConfirmEndpoint() { provider->configuration.identity = IdentityPolicy::Confirm; }

  Response begun;
  Response page;

  void askAndConsent(const std::string& extra = "") {
    begun = init(extra);
    page = callback(consented(begun));
    ASSERT_EQ(page.status, 200) << page.body;
  }

  [[nodiscard]] std::string code() const {
    const auto start = page.body.find("<code class=\"secret\">") + 21;
    return page.body.substr(start, page.body.find('<', start) - start);
  }
  Response confirm(const std::string& typed, const std::string& key = test::kRootKey) {
    return post("/auth/confirm",
                R"({"session_id":")" + field(begun, "session_id") + R"(","code":")" + typed + R"("})", key);
  }
};

TEST_F(ConfirmEndpoint, RightCode_CompletesTheSession) {
  askAndConsent();
  EXPECT_EQ(field(status(begun), "status"), "awaiting_confirmation");
  EXPECT_EQ(post("/auth/token", subject()).status, 401) << "nothing is served before";
  const auto done = confirm(code());
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(field(done, "status"), "completed");
  EXPECT_EQ(post("/auth/token", subject()).status, 200);
}

TEST_F(ConfirmEndpoint, WrongCodeFiveTimes_FailsTheSession) {
  askAndConsent();
  for (int tries = 0; tries < 5; ++tries) EXPECT_EQ(confirm("WRONGONE").status, 400);
  EXPECT_EQ(confirm(code()).status, 409);
  EXPECT_EQ(field(status(begun), "status"), "failed");
}

TEST_F(ConfirmEndpoint, CodeIsShownEvenWhereARedirectWasAskedFor) {
  askAndConsent(R"(,"redirect_after":"https://app.x.com/done")");
  EXPECT_EQ(code().size(), 8U);
  EXPECT_THAT(page.body, HasSubstr("do not give them the code"));
}

}  // namespace
}  // namespace agw::api
