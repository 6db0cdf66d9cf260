#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/edge/head_rules.hpp"
#include "api/edge/peers.hpp"
#include "api/edge/write_head.hpp"
#include "api/router.hpp"

namespace agw::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TrustedProxies proxies(const std::vector<std::string>& networks) {
  auto parsed = TrustedProxies::parse(networks);
  EXPECT_TRUE(parsed.ok());
  return *parsed;
}

Request forwarded(const std::string& value) {
  Request request;
  request.headers = {{"x-forwarded-for", value}, {"X-Forwarded-Proto", "https"}};
  return request;
}

PeerAddress address(const char* text) {
  return PeerAddress::parse(text).value();
}

// C11, C12
TEST(TrustedProxies, RightMostUntrustedHop_IsTheClient) {
  const auto trusted = proxies({"10.0.0.0/8", "fd00::/8"});
  const auto client = [&](const char* peer, const char* value) {
    return trusted.client(address(peer), forwarded(value));
  };
  EXPECT_EQ(client("10.1.2.3", "203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client("10.1.2.3", "1.1.1.1, 203.0.113.7"), "203.0.113.7")
      << "what a client wrote itself is not believed";
  EXPECT_EQ(client("10.1.2.3", "203.0.113.7, 10.9.9.9"), "203.0.113.7");
  EXPECT_EQ(client("10.1.2.3", "203.0.113.7:4711"), "203.0.113.7");
  EXPECT_EQ(client("10.1.2.3", "[2001:db8::7]:4711"), "2001:db8::7");
  EXPECT_EQ(client("fd00::1", "::ffff:203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client("::ffff:10.1.2.3", "203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client("10.1.2.3", "unknown"), "10.1.2.3");
  EXPECT_EQ(client("10.1.2.3", "203.0.113.7, junk"), "10.1.2.3")
      << "what stands left of junk is not believed";
  EXPECT_EQ(client("11.0.0.1", "203.0.113.7"), "11.0.0.1");
  EXPECT_FALSE(trusted.clientUsedTls(address("11.0.0.1"), forwarded("")));
  EXPECT_TRUE(trusted.clientUsedTls(address("10.0.0.0"), forwarded("")));
}

TEST(TrustedProxies, NetworkEdges_AreExact) {
  const auto trusted = proxies({"192.0.2.128/25", "198.51.100.7"});
  EXPECT_TRUE(trusted.trusts(address("192.0.2.128")));
  EXPECT_TRUE(trusted.trusts(address("192.0.2.255")));
  EXPECT_FALSE(trusted.trusts(address("192.0.2.127")));
  EXPECT_FALSE(trusted.trusts(address("192.0.3.128")));
  EXPECT_TRUE(trusted.trusts(address("198.51.100.7")));
  EXPECT_FALSE(trusted.trusts(address("198.51.100.6")));
  EXPECT_FALSE(proxies({}).trusts(address("127.0.0.1")));
}

TEST(TrustedProxies, TextThatIsNoNetwork_IsRefusedByName) {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/8x", "localhost"}) {
    const auto parsed = TrustedProxies::parse({text});
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
  }
}

TEST(PeerAddress, Group_IsTheAddressOrTheIpv6Network) {
  EXPECT_NE(address("192.0.2.1").group(), address("192.0.2.2").group());
  EXPECT_EQ(address("2001:db8::1").group(), address("2001:db8::ffff:1").group());
  EXPECT_NE(address("2001:db8::1").group(), address("2001:db8:0:1::1").group());
}

TEST(Host, WellFormedOnesOnly) {
  for (const char* host : {"gw", "gw.example.com:8000", "127.0.0.1", "[::1]:80", "[2001:db8::7]"}) {
    EXPECT_TRUE(isHost(host)) << host;
  }
  for (const char* host :
       {"", ":80", "a b", "a/b", "a@b", "a:b", "a:", "a:123456", "[::1", "[zz]", "a,b", "a?b"}) {
    EXPECT_FALSE(isHost(host)) << host;
  }
}

// B2: whatever name or value a handler lets through.
TEST(WriteHead, ControlOctetsAndForeignNames_AreRefused) {
  const AnswerFrame frame{.requestId = "id"};
  const std::vector<std::pair<std::string, std::string>> hostile{{"Location", "http://a/\r\nSet-Cookie: x"},
                                                                 {"Location", "a\nb"},
                                                                 {"Retry-After", std::string("1\0", 2)},
                                                                 {"X\r\nSet-Cookie", "a"},
                                                                 {"X Y", "a"},
                                                                 {"", "a"},
                                                                 {"Content-Length", "0"},
                                                                 {"content-length", "0"},
                                                                 {"Transfer-Encoding", "chunked"},
                                                                 {"Connection", "keep-alive"},
                                                                 {"X-Request-Id", "mine"},
                                                                 {"X", "\x7f"}};
  for (const auto& [name, value] : hostile) {
    Response response;
    response.headers.emplace_back(name, value);
    std::string out = "before";
    EXPECT_FALSE(writeHead(response, frame, out)) << name << ": " << value;
    EXPECT_EQ(out, "before");
    writeAnswer(response, frame, out);
    EXPECT_THAT(out, HasSubstr("HTTP/1.1 500 "));
    EXPECT_THAT(out, Not(HasSubstr("Set-Cookie")));
  }
}

TEST(WriteHead, OwnPolicyAndCaching_AreKept) {
  Response response;
  response.noStore = false;
  response.headers = {{"Content-Security-Policy", "default-src 'self'"}, {"Cache-Control", "max-age=1"}};
  std::string out;
  ASSERT_TRUE(writeHead(response, {.requestId = "id", .secure = true}, out));
  EXPECT_THAT(out, HasSubstr("\r\nContent-Security-Policy: default-src 'self'\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("'none'")));
  EXPECT_THAT(out, Not(HasSubstr("no-store")));
  EXPECT_THAT(out, HasSubstr("\r\nStrict-Transport-Security: max-age="));
}

Router router() {
  const auto says = [](const char* text) {
    return [text](const Request& request) {
      Response response;
      response.body = text;
      for (const auto& [name, value] : request.pathParameters) response.body += " " + name + "=" + value;
      return response;
    };
  };
  return Router({{"GET", "/a", says("get")},
                 {"POST", "/a", says("post")},
                 {"GET", "/a/{id}", says("one")},
                 {"GET", "/a/{id}/b", says("inner")}});
}

Response routed(const std::string& method, const std::string& path) {
  Request request;
  request.method = method;
  request.path = path;
  request.requestId = "id";
  return router().route(request);
}

TEST(Router, PathAndMethod_FindTheHandler) {
  EXPECT_EQ(routed("GET", "/a").body, "get");
  EXPECT_EQ(routed("HEAD", "/a").body, "get");
  EXPECT_EQ(routed("POST", "/a").body, "post");
  EXPECT_EQ(routed("GET", "/a/x@y.z").body, "one id=x@y.z");
  EXPECT_EQ(routed("GET", "/a/1/b").body, "inner id=1");
}

TEST(Router, UnknownPath_Is404) {
  for (const char* path : {"/", "/b", "/a/", "/a/1/c", "/a/1/b/", "/A", "/aa"}) {
    const auto response = routed("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.body, HasSubstr(R"("error":"not_found")"));
  }
}

// D7
TEST(Router, WrongMethod_Is405WithAllow) {
  const auto response = routed("DELETE", "/a");
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Allow", "GET, POST, HEAD")));
  EXPECT_EQ(routed("OPTIONS", "/a/1").status, 405) << "B7: a preflight finds nothing";
}

TEST(ErrorResponse, EveryKind_HasItsStatusAndWord) {
  const std::vector<std::tuple<ErrorKind, int, std::string>> expected{
      {ErrorKind::InvalidRequest, 400, "invalid_request"},
      {ErrorKind::NotFound, 404, "not_found"},
      {ErrorKind::Conflict, 409, "conflict"},
      {ErrorKind::Forbidden, 403, "forbidden"},
      {ErrorKind::Unsupported, 400, "invalid_request"},
      {ErrorKind::BadOption, 502, "provider_misconfigured"},
      {ErrorKind::BadClient, 502, "provider_misconfigured"},
      {ErrorKind::GrantDead, 401, "refresh_failed"},
      {ErrorKind::RateLimited, 429, "rate_limited"},
      {ErrorKind::Transient, 503, "unavailable"},
      {ErrorKind::Malformed, 502, "provider_error"},
      {ErrorKind::Integrity, 500, "integrity_error"},
      {ErrorKind::Bug, 500, "internal_error"}};
  for (const auto& [kind, status, word] : expected) {
    const auto response = errorResponse(Error{.kind = kind, .message = "m", .detail = "CANARY"}, "id-1");
    EXPECT_EQ(response.status, status) << word;
    EXPECT_THAT(response.body, HasSubstr("\"error\":\"" + word + "\""));
    EXPECT_THAT(response.body, HasSubstr(R"("request_id":"id-1")"));
    EXPECT_THAT(response.body, Not(HasSubstr("CANARY")));
  }
}

TEST(ErrorResponse, WordOfTheError_DecidesTheStatus) {
  for (const auto& [word, status] : errorTable()) {
    EXPECT_EQ(errorResponse(Error{.message = "m", .code = word}, "id").status, status) << word;
  }
}

TEST(ErrorResponse, Waiting_IsToldInHeaderAndBody) {
  const auto response = errorResponse(
      Error{.kind = ErrorKind::RateLimited, .message = "m", .retryAfter = std::chrono::seconds(7)}, "id");
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "7")));
  EXPECT_THAT(response.body, HasSubstr(R"("retry_after":7)"));
}

}  // namespace
}  // namespace agw::api
