// E3, E4: answers that are late, cut, oversized or contradictory are never taken for whole ones.
#include <gtest/gtest.h>

#include <atomic>

#include "client_fixture.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::expectTransient;
using test::get;
using test::ok;
using test::Peer;
using test::quickSettings;
using test::RawServer;

constexpr auto kShort = 200ms;

/// Sends `octets` and closes.
RawServer::Script once(std::string octets) {
  return [octets = std::move(octets)](Peer& peer) {
    peer.readRequest();
    peer.send(octets);
  };
}

class Cut : public testing::TestWithParam<std::string> {};
TEST_P(Cut, IsTransientAndMayHaveBeenActedUpon) {
  RawServer server(once(GetParam()));
  expectTransient(makeHttpClient(quickSettings())->send(get(server)), "");
}
INSTANTIATE_TEST_SUITE_P(
    Answers, Cut,
    testing::Values("", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le",
                    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"a\":1}",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\"",
                    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}",
                    "HTTP/1.0 200 OK\r\n\r\n{\"a\":1}", "{\"a\":1}", "HTTP/1.1 100 Continue\r\n\r\n"));

class Contradiction : public testing::TestWithParam<std::string> {};
TEST_P(Contradiction, IsTransient) {
  RawServer server(always(GetParam()));
  expectTransient(makeHttpClient(quickSettings())->send(get(server)), "");
}
const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kBody = "\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n";
INSTANTIATE_TEST_SUITE_P(Answers, Contradiction,
                         testing::Values(kOk + "Content-Length: 7\r\nContent-Length: 5\r\n\r\n{\"a\":1}",
                                         kOk + "Content-Length: 5\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
                                         kOk + "Content-Length: 5, 7\r\n\r\n{\"a\":1}",
                                         kOk + "Content-Length: -7\r\n\r\n{\"a\":1}",
                                         kOk + "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n" + kBody,
                                         kOk + "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n" + kBody,
                                         kOk + "Transfer-Encoding: xchunked\r\n" + kBody,
                                         kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                                         kOk + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
                                         kOk + "A: b\r\n folded\r\nContent-Length: 0\r\n\r\n",
                                         kOk + "No colon\r\nContent-Length: 0\r\n\r\n"));

TEST(BodyLimit, OneOctetMore_IsTransient) {
  auto settings = quickSettings();
  settings.maxBody = 1000;
  const auto client = makeHttpClient(settings);
  RawServer fits(always(ok(std::string(1000, 'x'))));
  EXPECT_TRUE(client->send(get(fits)));
  RawServer announced(always(ok(std::string(1001, 'x'))));
  expectTransient(client->send(get(announced)), "");
  RawServer chunked(
      always(kOk + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"));
  expectTransient(client->send(get(chunked)), "");
}

TEST(BodyLimit, TwoMegabytes_AreNotReadToTheEnd) {
  const auto client = makeHttpClient(quickSettings());
  std::atomic<bool> stopped{false};
  {
    RawServer server([&](Peer& peer) {
      peer.readRequest();
      peer.send(kOk + "Transfer-Encoding: chunked\r\n\r\n");
      const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
      bool taken = true;
      for (int sent = 0; taken && sent < 4096; ++sent) taken = peer.send(chunk);
      stopped = !taken;
    });
    expectTransient(client->send(get(server)), "");
  }  // its thread has ended
  EXPECT_TRUE(stopped) << "256 MB were read";
}

TEST(HeaderLimit, ManyHeaders_AreTransient) {
  std::string headers;
  for (int count = 0; count < 2000; ++count)
    headers += "X-" + std::to_string(count) + ": " + std::string(40, 'x') + "\r\n";
  RawServer server(always(ok("", headers)));
  expectTransient(makeHttpClient(quickSettings())->send(get(server)), "");
}

TEST(Informational, TwoHundredTimesContinue_IsTransient) {
  std::string replies;
  for (int count = 0; count < 200; ++count) replies += "HTTP/1.1 100 Continue\r\n\r\n";
  RawServer server(always(replies + ok("x")));
  expectTransient(makeHttpClient(quickSettings())->send(get(server)), "");
}

TEST(Informational, One_IsPassedOver) {
  RawServer server(always("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("x")));
  const auto answer = makeHttpClient(quickSettings())->send(get(server));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(answer->header("link"));
}

/// The deadline is the whole call's: octets that keep coming do not prolong it.
void expectDeadline(const RawServer::Script& script, bool ofTheRequest = false) {
  auto settings = quickSettings();
  RawServer server(script);
  auto request = get(server);
  (ofTheRequest ? request.atMost : settings.deadline) = kShort;
  const auto client = makeHttpClient(settings);
  const auto began = std::chrono::steady_clock::now();
  expectTransient(client->send(request), "");
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, kShort - 10ms);
  EXPECT_LT(took, kShort + 2s) << "generous for a loaded machine; the drip alone would take 20 s";
}
TEST(Deadline, NoAnswer) {
  expectDeadline([](Peer& peer) {
    peer.readRequest();
    peer.waitUntilGone();
  });
}
TEST(Deadline, TheRequestsOwn_IsKeptToo) {
  expectDeadline(
      [](Peer& peer) {
        peer.readRequest();
        peer.waitUntilGone();
      },
      true);
}
TEST(Deadline, DrippingHeader) {
  expectDeadline([](Peer& peer) {
    peer.readRequest();
    peer.drip(kOk + "X-Long: " + std::string(1000, 'x'), 20ms);
  });
}
TEST(Deadline, DrippingBody) {
  expectDeadline([](Peer& peer) {
    peer.readRequest();
    peer.send(kOk + "Content-Length: 1000\r\n\r\n");
    peer.drip(std::string(1000, 'x'), 20ms);
  });
}
TEST(Deadline, DrippingChunks) {
  expectDeadline([](Peer& peer) {
    peer.readRequest();
    peer.send(kOk + "Transfer-Encoding: chunked\r\n\r\n");
    std::string chunks;
    for (int count = 0; count < 200; ++count) chunks += "1\r\nx\r\n";
    peer.drip(chunks, 20ms);
  });
}
TEST(Deadline, AnswersThatTakeTheirTimeButArrive_AreTaken) {
  RawServer server([](Peer& peer) {
    peer.readRequest();
    peer.drip(ok("slow"), 1ms);
    peer.waitUntilGone();
  });
  EXPECT_TRUE(makeHttpClient(quickSettings())->send(get(server)));
}

}  // namespace
}  // namespace agw
