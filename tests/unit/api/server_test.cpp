#include "api/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "raw_client.hpp"
#include "support/fakes.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using test::bodyOf;
using test::hasHeader;
using test::RawClient;
using test::statusOf;
using testing::HasSubstr;

const std::string kGet = "GET / HTTP/1.1\r\nHost: gw\r\n\r\n";

/// Answers the path and the body; some paths do more.
class ServerTest : public testing::Test {
 protected:
  ServerSettings settings;
  SystemRandom random;
  test::RecordingLog log;
  std::unique_ptr<Server> server;

  std::mutex mutex;
  std::condition_variable changed;
  int held = 0;
  bool released = false;
  std::atomic<int> handled{0};

  ServerTest() { settings.port = 0; }
  ~ServerTest() override {
    release();
    server.reset();
  }

  void start() {
    auto started = Server::start(
        settings, [this](const Request& request) { return handle(request); }, random, log);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
  }

  Response handle(const Request& request) {
    ++handled;
    if (request.path == "/throw") throw std::runtime_error("CANARY secret");
    if (request.path == "/foreign") throw 42;
    if (request.path.starts_with("/hold")) hold();
    Response response;
    if (request.path == "/split") response.headers.emplace_back("Location", "http://a/\r\nSet-Cookie: x=1");
    if (request.path.ends_with("/big")) response.body.assign(8U << 20, 'b');
    if (request.path == "/peer") response.body = request.peer + (request.secure ? " secure" : " plain");
    if (response.body.empty()) response.body = request.path + "|" + request.body;
    return response;
  }

  void hold() {
    std::unique_lock lock(mutex);
    ++held;
    changed.notify_all();
    changed.wait(lock, [this] { return released; });
  }
  bool awaitHeld(int count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, [&] { return held >= count; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    released = true;
    changed.notify_all();
  }

  RawClient client() { return RawClient(server->port()); }
  std::string ask(const std::string& octets) {
    auto one = client();
    EXPECT_TRUE(one.send(octets));
    return one.answer();
  }
};

TEST_F(ServerTest, EveryAnswer_HasTheHeadersOfTheContract) {
  start();
  const auto answer = ask(kGet);
  EXPECT_EQ(statusOf(answer), 200);
  EXPECT_EQ(bodyOf(answer), "/|");
  for (const char* line :
       {"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
        "Content-Length: 2", "Content-Type: application/json"}) {
    EXPECT_TRUE(hasHeader(answer, line)) << line;
  }
  EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
  EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Security-Policy: default-src 'none'"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("\r\nServer:")));
  EXPECT_THAT(answer, testing::Not(HasSubstr("Strict-Transport-Security")));
}

TEST_F(ServerTest, RequestIdOfTheClient_IsNotTaken) {
  start();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: gw\r\nX-Request-Id: mine\r\n\r\n"),
              testing::Not(HasSubstr("mine")));
}

TEST_F(ServerTest, PipelinedRequests_AreAnsweredInOrder) {
  start();
  auto one = client();
  std::string all;
  for (int index = 0; index < 50; ++index)
    all += "GET /" + std::to_string(index) + " HTTP/1.1\r\nHost: gw\r\n\r\n";
  ASSERT_TRUE(one.send(all));
  for (int index = 0; index < 50; ++index) EXPECT_EQ(bodyOf(one.answer()), "/" + std::to_string(index) + "|");
}

// D1: the connection ends with the fault; the smuggled request never gets to a handler.
TEST_F(ServerTest, SmuggledRequest_NeverReachesAHandler) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send(
      "POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /smug HTTP/1.1\r\nHost: gw\r\n\r\n"));
  const auto answer = one.all();
  EXPECT_EQ(statusOf(answer), 400);
  EXPECT_TRUE(hasHeader(answer, "Connection: close"));
  EXPECT_THAT(bodyOf(answer), HasSubstr(R"("error":"invalid_request")"));
  EXPECT_THAT(bodyOf(answer), HasSubstr("request_id"));
  EXPECT_TRUE(one.closed());
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, TooBigABody_IsRefusedBeforeItIsRead) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send("POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 1000000000\r\n\r\na"));
  EXPECT_EQ(statusOf(one.all()), 413);
  EXPECT_TRUE(one.closed());
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, ExpectContinue_IsAnsweredBeforeTheBody) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send("POST /x HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(one.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(one.send("ab"));
  EXPECT_EQ(bodyOf(one.answer()), "/x|ab");
}

// D6: nobody is left without an answer, and no what() gets out.
TEST_F(ServerTest, WhateverAHandlerThrows_BecomesA500) {
  start();
  for (const char* path : {"/throw", "/foreign"}) {
    const auto answer = ask(std::string("GET ") + path + " HTTP/1.1\r\nHost: gw\r\n\r\n");
    EXPECT_EQ(statusOf(answer), 500) << path;
    EXPECT_THAT(bodyOf(answer), HasSubstr(R"("error":"internal_error")"));
    EXPECT_THAT(answer, testing::Not(HasSubstr("CANARY")));
  }
  for (const auto& line : log.lines()) EXPECT_THAT(line, testing::Not(HasSubstr("CANARY")));
}

// B2
TEST_F(ServerTest, HeaderValueWithALineBreak_NeverLeaves) {
  start();
  const auto answer = ask("GET /split HTTP/1.1\r\nHost: gw\r\n\r\n");
  EXPECT_EQ(statusOf(answer), 500);
  EXPECT_THAT(answer, testing::Not(HasSubstr("Set-Cookie")));
}

TEST_F(ServerTest, Head_HasTheLengthAndNoBody) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send("HEAD /abc HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n"));
  const auto answer = one.all();
  EXPECT_TRUE(hasHeader(answer, "Content-Length: 5"));
  EXPECT_EQ(bodyOf(answer), "");
}

TEST_F(ServerTest, Http10_IsAnsweredAndClosed) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send("GET /old HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(bodyOf(one.all()), "/old|");
  EXPECT_TRUE(one.closed());
}

TEST_F(ServerTest, BigAnswerToASlowReader_ArrivesWhole) {
  start();
  auto one = client();
  ASSERT_TRUE(one.send("GET /big HTTP/1.1\r\nHost: gw\r\n\r\n" + kGet));
  EXPECT_EQ(bodyOf(one.answer()).size(), 8U << 20);
  EXPECT_EQ(bodyOf(one.answer()), "/|");
}

TEST_F(ServerTest, ReaderThatTakesNothing_IsClosed) {
  settings.writeDeadline = 200ms;
  start();
  auto one = client();
  ASSERT_TRUE(one.send("GET /hold/big HTTP/1.1\r\nHost: gw\r\n\r\n"));
  ASSERT_TRUE(awaitHeld(1));
  release();
  server->stop(20s);  // returns early only when the connection is gone
  EXPECT_LT(one.all().size(), 8U << 20);
}

// D4
TEST_F(ServerTest, HeadThatDrips_IsEndedWith408) {
  settings.headDeadline = 200ms;
  start();
  auto one = client();
  ASSERT_TRUE(one.send("GET / HT"));
  EXPECT_EQ(statusOf(one.all()), 408);
  EXPECT_TRUE(one.closed());
}

TEST_F(ServerTest, BodyThatDoesNotCome_IsEndedWith408) {
  settings.bodyDeadline = 200ms;
  start();
  auto one = client();
  ASSERT_TRUE(one.send("POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 5\r\n\r\nab"));
  EXPECT_EQ(statusOf(one.all()), 408);
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, IdleConnection_IsClosedWithoutAWord) {
  settings.idleDeadline = 100ms;
  start();
  auto fresh = client();
  auto used = client();
  ASSERT_TRUE(used.send(kGet));
  EXPECT_EQ(statusOf(used.answer()), 200);
  EXPECT_EQ(used.all(), "");
  EXPECT_TRUE(used.closed());
  EXPECT_EQ(fresh.all(), "");
  EXPECT_TRUE(fresh.closed());
}

TEST_F(ServerTest, IdleAndDrippingSockets_DoNotDelayOthers) {
  start();
  std::vector<RawClient> slow;
  for (int index = 0; index < 1'000; ++index) {
    slow.push_back(client());
    ASSERT_TRUE(slow.back().connected());
    ASSERT_TRUE(slow.back().send(index % 2 == 0 ? "GET / HTTP/1.1\r\nX-" : ""));
  }
  std::vector<std::chrono::steady_clock::duration> times;
  auto one = client();
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(slow[static_cast<std::size_t>(round * 2)].send("a"));
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(one.send(kGet));
    ASSERT_EQ(statusOf(one.answer()), 200);
    times.push_back(std::chrono::steady_clock::now() - begun);
  }
  std::sort(times.begin(), times.end());
  EXPECT_LT(times[197], 500ms);
}

TEST_F(ServerTest, HandlersThatWait_DoNotStopTheOthers) {
  settings.minThreads = 2;
  start();
  std::vector<RawClient> waiting;
  for (int index = 0; index < 100; ++index) {
    waiting.push_back(client());
    ASSERT_TRUE(waiting.back().send("GET /hold HTTP/1.1\r\nHost: gw\r\n\r\n"));
  }
  EXPECT_TRUE(awaitHeld(100));
  EXPECT_EQ(statusOf(ask(kGet)), 200);
  release();
  for (auto& one : waiting) EXPECT_EQ(bodyOf(one.answer()), "/hold|");
}

TEST_F(ServerTest, ConnectionsOverTheCap_Get503) {
  settings.maxConnections = 10;
  start();
  std::vector<RawClient> open;
  for (int index = 0; index < 10; ++index) {
    open.push_back(client());
    ASSERT_TRUE(open.back().send(kGet));
    ASSERT_EQ(statusOf(open.back().answer()), 200);
  }
  auto extra = client();
  const auto answer = extra.all();
  EXPECT_EQ(statusOf(answer), 503);
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
  EXPECT_TRUE(extra.closed());
  EXPECT_EQ(statusOf([&] {
              EXPECT_TRUE(open[0].send(kGet));
              return open[0].answer();
            }()),
            200);
}

TEST_F(ServerTest, ConnectionsOfOnePeerOverItsCap_Get503) {
  settings.maxConnectionsPerPeer = 2;
  start();
  auto first = client();
  auto second = client();
  ASSERT_TRUE(second.send(kGet));
  ASSERT_EQ(statusOf(second.answer()), 200);
  EXPECT_EQ(statusOf(client().all()), 503);
}

// H6
TEST_F(ServerTest, Stop_AnswersWhatIsUnderWayAndRefusesNewClients) {
  start();
  const int port = server->port();
  auto idle = client();
  ASSERT_TRUE(idle.send(kGet));
  ASSERT_EQ(statusOf(idle.answer()), 200);
  auto busy = client();
  ASSERT_TRUE(busy.send("GET /hold HTTP/1.1\r\nHost: gw\r\n\r\n"));
  ASSERT_TRUE(awaitHeld(1));
  std::thread stopping([&] { server->stop(20s); });
  EXPECT_EQ(idle.all(), "");
  EXPECT_TRUE(idle.closed());
  RawClient late(port);
  EXPECT_TRUE(!late.connected() || late.all(2s).empty());
  release();
  const auto answer = busy.answer();
  EXPECT_EQ(bodyOf(answer), "/hold|");
  EXPECT_TRUE(hasHeader(answer, "Connection: close"));
  busy.finishSending();
  stopping.join();
}

TEST_F(ServerTest, StopUnderLoad_LosesNoAnswer) {
  start();
  std::atomic<int> broken{0};
  std::vector<std::thread> clients;
  for (int index = 0; index < 8; ++index) {
    clients.emplace_back([&] {
      RawClient one(server->port());
      while (one.connected() && one.send(kGet)) {
        const auto answer = one.answer();
        if (answer.empty()) return;  // closed between two requests
        if (statusOf(answer) != 200 || bodyOf(answer) != "/|") ++broken;
        if (hasHeader(answer, "Connection: close")) return;
      }
    });
  }
  while (handled < 500) std::this_thread::yield();
  server->stop(20s);
  for (auto& one : clients) one.join();
  EXPECT_EQ(broken, 0);
}

// C11
TEST_F(ServerTest, ForwardedHeadersOfAStranger_AreIgnored) {
  start();
  EXPECT_EQ(bodyOf(ask("GET /peer HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 203.0.113.7\r\n"
                       "X-Forwarded-Proto: https\r\n\r\n")),
            "127.0.0.1 plain");
}

TEST_F(ServerTest, ForwardedHeadersOfATrustedProxy_AreBelieved) {
  settings.trustedProxies = {"127.0.0.0/8"};
  start();
  const auto answer =
      ask("GET /peer HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 198.51.100.1, "
          "203.0.113.7\r\nX-Forwarded-Proto: https\r\n\r\n");
  EXPECT_EQ(bodyOf(answer), "203.0.113.7 secure");
  EXPECT_THAT(answer, HasSubstr("\r\nStrict-Transport-Security: "));
}

TEST_F(ServerTest, NoRandomNumbers_IsA500AndNotAWeakId) {
  test::SeededRandom broken;
  broken.broken = true;
  auto started = Server::start(
      settings, [](const Request&) { return Response{}; }, broken, log);
  ASSERT_TRUE(started.ok());
  server = std::move(*started);
  EXPECT_EQ(statusOf(ask(kGet)), 500);
}

TEST_F(ServerTest, UsedPort_IsRefusedWithASentenceForTheOperator) {
  start();
  ServerSettings second;
  second.port = server->port();
  const auto refused = Server::start(
      second, [](const Request&) { return Response{}; }, random, log);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::BadOption);
  EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(second.port)));
}

}  // namespace
}  // namespace agw::api
