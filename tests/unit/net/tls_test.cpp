// E2: who answers is checked on loopback names and addresses too.
#include <gtest/gtest.h>

#include "client_fixture.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::Authority;
using test::expectBadOption;
using test::expectTransient;
using test::get;
using test::ok;
using test::Peer;
using test::quickSettings;
using test::RawServer;
using test::TemporaryFile;

class TlsTest : public testing::Test {
 protected:
  std::unique_ptr<HttpClient> client() {
    auto settings = quickSettings();
    settings.caFile = trusted_.path();
    return makeHttpClient(settings);
  }
  Result<HttpResponse> call(const std::string& host, const RawServer& server) {
    return client()->send(get("https://" + host + ":" + std::to_string(server.port()) + "/"));
  }
  /// A server on `address` that shows a certificate for `names`, and the call of `host`.
  Result<HttpResponse> call(const std::string& host, const std::string& address,
                            const test::TlsIdentity& identity) {
    RawServer server(always(ok("x")), address, identity);
    auto answer = call(host, server);
    heard_ = server.received();
    return answer;
  }
  void expectRefused(const Result<HttpResponse>& answer) {
    expectTransient(answer, "not_sent");
    EXPECT_EQ(heard_, 0U) << "octets of the request reached a server that was not trusted";
  }

  Authority authority_;
  TemporaryFile trusted_{authority_.certificate()};
  std::size_t heard_ = 0;
};

TEST_F(TlsTest, RightNameAndAuthority_IsTrusted) {
  EXPECT_TRUE(call("localhost", "127.0.0.1", authority_.issue("DNS:localhost")));
  EXPECT_TRUE(call("127.0.0.2", "127.0.0.2", authority_.issue("IP:127.0.0.2")));
}
TEST_F(TlsTest, OtherName_IsRefused) {
  expectRefused(call("localhost", "127.0.0.1", authority_.issue("DNS:evil.example")));
  expectRefused(call("localhost", "127.0.0.1", authority_.issue("DNS:localhost.evil.example,IP:127.0.0.1")));
  expectRefused(call("127.0.0.2", "127.0.0.2", authority_.issue("DNS:evil.example,IP:127.0.0.1")));
}
TEST_F(TlsTest, UnknownAuthority_IsRefused) {
  const Authority stranger;
  expectRefused(call("localhost", "127.0.0.1", stranger.issue("DNS:localhost")));
  expectRefused(call("127.0.0.2", "127.0.0.2", stranger.issue("IP:127.0.0.2")));
}
TEST_F(TlsTest, Expired_IsRefused) {
  expectRefused(call("localhost", "127.0.0.1", authority_.issue("DNS:localhost", 1h)));
  expectRefused(call("127.0.0.2", "127.0.0.2", authority_.issue("IP:127.0.0.2", 1h)));
}
TEST_F(TlsTest, WithoutTheFurtherCertificates_OnlyTheSystemsAreTrusted) {
  RawServer server(always(ok("x")), "127.0.0.1", authority_.issue("DNS:localhost"));
  const auto plain = makeHttpClient(quickSettings());
  expectTransient(plain->send(get("https://localhost:" + std::to_string(server.port()) + "/")), "not_sent");
}

TEST_F(TlsTest, CertificatesFileThatCannotBeRead_StopsEveryCall) {
  RawServer server(always(ok("x")));
  for (const TemporaryFile file("no certificate");
       const std::string& path : {file.path(), file.path() + ".absent"}) {
    auto settings = quickSettings();
    settings.caFile = path;
    expectBadOption(makeHttpClient(settings)->send(get(server)));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(TlsTest, OldProtocol_IsRefused) {
  RawServer server(always(ok("x")), "127.0.0.1", authority_.issue("DNS:localhost"), TLS1_1_VERSION);
  expectTransient(call("localhost", server), "not_sent");
}

TEST_F(TlsTest, PlainServerBehindHttps_IsRefused) {
  RawServer server([](Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  expectTransient(call("localhost", server), "not_sent");
}

TEST_F(TlsTest, Connection_IsKeptForTheNextCall) {
  RawServer server(always(ok("x")), "127.0.0.1", authority_.issue("DNS:localhost"));
  const auto kept = client();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(kept->send(get("https://localhost:" + std::to_string(server.port()) + "/")));
  }
  EXPECT_EQ(server.connections(), 1);
}

// E4
TEST_F(TlsTest, BodyThatEndsWithTheConnection_IsTransient) {
  RawServer server(
      [](Peer& peer) {
        peer.readRequest();
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}");
        peer.cut();
      },
      "127.0.0.1", authority_.issue("DNS:localhost"));
  expectTransient(call("localhost", server), "");
}

TEST_F(TlsTest, HandshakeThatHangs_EndsAtTheDeadlineAndIsNotSent) {
  auto settings = quickSettings();
  settings.deadline = 200ms;
  RawServer server([](Peer& peer) { peer.waitUntilGone(); });
  expectTransient(
      makeHttpClient(settings)->send(get("https://localhost:" + std::to_string(server.port()) + "/")),
      "not_sent");
}

}  // namespace
}  // namespace agw
