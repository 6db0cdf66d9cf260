#include "net/http_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "client_fixture.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::expectBadOption;
using test::expectTransient;
using test::get;
using test::ok;
using test::Peer;
using test::post;
using test::quickSettings;
using test::RawServer;

class HttpClientTest : public testing::Test {
 protected:
  std::unique_ptr<HttpClient> client_ = makeHttpClient(quickSettings());
};

TEST_F(HttpClientTest, Answer_ComesWhole) {
  RawServer server(always(ok(R"({"a":1})", "Content-Type: application/json\r\nX-A: b\r\n")));
  const auto answer = client_->send(get(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.reveal(), R"({"a":1})");
  EXPECT_EQ(answer->header("content-type"), "application/json");
  EXPECT_EQ(answer->header("x-a"), "b");
}

TEST_F(HttpClientTest, ChunkedAnswer_ComesWhole) {
  RawServer server(
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  const auto answer = client_->send(get(server));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.reveal(), "abcde");
}

TEST_F(HttpClientTest, ErrorStatus_IsAnAnswer) {
  RawServer server(
      always("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nWWW-Authenticate: Basic\r\n\r\nno\r\n"));
  const auto answer = client_->send(get(server));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->body.reveal(), "no\r\n");
}

TEST_F(HttpClientTest, Request_SaysWhatItWasToldAndNoMore) {
  RawServer server(always(ok("")));
  auto request = post(server, "grant_type=refresh_token&x=%00");
  request.headers.emplace_back("Authorization", "Basic abc");
  request.headers.emplace_back("X-Empty", "");
  ASSERT_TRUE(client_->send(request));
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0],
            "POST /path?query=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nUser-Agent: auth-gateway-test\r\nAccept: */*\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic abc\r\n"
                "X-Empty:\r\nContent-Length: 30\r\n\r\ngrant_type=refresh_token&x=%00");
}

TEST_F(HttpClientTest, EachMethod_IsSentAsItself) {
  RawServer server(always("HTTP/1.1 204 No Content\r\n\r\n"));
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    auto request = get(server);
    request.method = method;
    const auto answer = client_->send(request);
    ASSERT_TRUE(answer) << method << answer.error().message;
    EXPECT_EQ(answer->status, 204);
    EXPECT_TRUE(server.requests().back().starts_with(method + " /path?query=1 HTTP/1.1\r\n"));
    EXPECT_EQ(server.requests().back().find("Content-Type"), std::string::npos);
  }
  for (const std::string method : {"", "get", "CONNECT", "TRACE", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}) {
    auto request = get(server);
    request.method = method;
    expectBadOption(client_->send(request));
  }
}

TEST_F(HttpClientTest, BinaryBodies_PassUnchanged) {
  std::string octets;
  for (int octet = 0; octet < 256; ++octet) octets += static_cast<char>(octet);
  RawServer server(always(ok(octets)));
  const auto answer = client_->send(post(server, octets));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.reveal(), octets);
  EXPECT_TRUE(server.requests()[0].ends_with(octets));
}

// E1: a redirect could lead anywhere, with our credentials.
TEST_F(HttpClientTest, Redirect_IsNotFollowed) {
  RawServer target(always(ok("stolen")));
  const std::string url = "http://127.0.0.1:" + std::to_string(target.port()) + "/";
  for (const std::string status : {"301", "302", "303", "307", "308"}) {
    RawServer server(
        always("HTTP/1.1 " + status + " Moved\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n"));
    const auto answer = client_->send(get(server));
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::to_string(answer->status), status);
    EXPECT_EQ(answer->header("location"), url);
  }
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(HttpClientTest, ProxyOfTheEnvironment_IsNotUsed) {
  RawServer proxy(always(ok("by proxy")));
  RawServer server(always(ok("direct")));
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
  setenv("http_proxy", url.c_str(), 1);
  setenv("ALL_PROXY", url.c_str(), 1);
  const auto answer = client_->send(get(server));
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.reveal(), "direct");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(HttpClientTest, Connection_IsKeptForTheNextCall) {
  RawServer server(always(ok("x")));
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(client_->send(get(server)));
    ASSERT_TRUE(client_->send(post(server, "a=b")));
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.requests().size(), 20U);
}

TEST_F(HttpClientTest, KeptConnectionThatTheServerClosed_IsReplacedUnnoticed) {
  RawServer server([](Peer& peer) {
    peer.readRequest();
    peer.send(ok("x"));
  });
  for (int round = 0; round < 3; ++round) {
    const auto answer = client_->send(get(server));
    ASSERT_TRUE(answer) << answer.error().message;
  }
  EXPECT_EQ(server.connections(), 3);
}

// A refresh token is spent once: whether the provider acted before the connection died is not known.
TEST_F(HttpClientTest, KeptConnectionThatDiesAfterAPost_DoesNotSendItAgain) {
  std::atomic<int> posts{0};
  RawServer server([&](Peer& peer) {
    peer.readRequest();
    peer.send(ok("x"));
    if (peer.readRequest().starts_with("POST")) ++posts;
    // and closes without an answer
  });
  ASSERT_TRUE(client_->send(get(server)));
  expectTransient(client_->send(post(server, "grant_type=refresh_token&refresh_token=once")), "");
  ASSERT_TRUE(client_->send(get(server))) << "the client stays usable";
  EXPECT_EQ(posts, 1);
  const auto all = server.requests();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& text) { return text.starts_with("POST"); }),
            1);
}

TEST_F(HttpClientTest, KeptConnectionThatDiesAfterAGet_SendsItAgain) {
  std::atomic<int> connections{0};
  RawServer server([&](Peer& peer) {
    const bool first = ++connections == 1;
    peer.readRequest();
    peer.send(ok("x"));
    if (first) {
      peer.readRequest();
    } else {
      peer.waitUntilGone();
    }
  });
  ASSERT_TRUE(client_->send(get(server)));
  const auto answer = client_->send(get(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(HttpClientTest, NobodyListens_IsNotSent) {
  int port = 0;
  {
    RawServer gone(always(ok("")));
    port = gone.port();
  }
  expectTransient(client_->send(get("http://127.0.0.1:" + std::to_string(port) + "/")), "not_sent");
}

// RFC 6761: a name under .invalid never resolves.
TEST_F(HttpClientTest, UnknownHost_IsNotSent) {
  expectTransient(client_->send(get("http://nobody.invalid/")), "not_sent");
}

TEST_F(HttpClientTest, ServerThatClosesAtOnce_MayHaveGotIt) {
  RawServer server([](Peer& peer) { peer.readRequest(); });
  expectTransient(client_->send(post(server, "a=b")), "");
}

TEST_F(HttpClientTest, ManyThreads_EachGetTheirOwnAnswer) {
  RawServer server([](Peer& peer) {
    for (std::string request; !(request = peer.readRequest()).empty();) {
      peer.send(ok(request.substr(request.find("\r\n\r\n") + 4)));
    }
  });
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 8; ++worker) {
    threads.emplace_back([&, worker] {
      for (int round = 0; round < 25; ++round) {
        const std::string body = std::to_string(worker) + "/" + std::to_string(round);
        const auto answer = client_->send(post(server, body));
        if (!answer || answer->body.reveal() != body) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(server.connections(), 8);
}

// E9, B2: what a plugin puts into a header cannot become another one.
class BadHeader : public testing::TestWithParam<std::pair<std::string, std::string>> {};
TEST_P(BadHeader, IsRefusedBeforeAnythingIsSent) {
  RawServer server(always(ok("")));
  auto request = get(server);
  request.headers.push_back(GetParam());
  const auto answer = makeHttpClient(quickSettings())->send(request);
  expectBadOption(answer);
  EXPECT_EQ(answer.error().message.find("CANARY"), std::string::npos);
  EXPECT_EQ(server.connections(), 0);
}
using Pair = std::pair<std::string, std::string>;
INSTANTIATE_TEST_SUITE_P(Headers, BadHeader,
                         testing::Values(Pair{"X-A", "CANARY\r\nX-B: c"}, Pair{"X-A", "CANARY\nX-B: c"},
                                         Pair{"X-A", "CANARY\r"}, Pair{"X-A", std::string("CANARY\0", 7)},
                                         Pair{"X-A", "CANARY\x7f"}, Pair{"X-A\r\nX-B", "c"}, Pair{"X A", "b"},
                                         Pair{"X-A:", "b"}, Pair{"", "b"}, Pair{"X-\xC3\xA4", "b"},
                                         Pair{"Host", "evil.example"}, Pair{"content-length", "0"},
                                         Pair{"Transfer-Encoding", "chunked"}, Pair{"Expect", "100-continue"},
                                         Pair{"Connection", "close"}, Pair{"Upgrade", "h2c"}));

}  // namespace
}  // namespace agw
