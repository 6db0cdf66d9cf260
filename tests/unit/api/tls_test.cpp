#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/X509Certificate.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "api/server.hpp"
#include "raw_client.hpp"
#include "support/certificates.hpp"
#include "support/fakes.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using testing::HasSubstr;

const std::string kLast = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class TlsTest : public testing::Test {
 protected:
  test::Authority authority;
  test::TlsIdentity identity = authority.issue("DNS:localhost,IP:127.0.0.1");
  test::TemporaryFile certificate{identity.certificate};
  test::TemporaryFile key{identity.key};
  test::TemporaryFile root{authority.certificate()};
  SystemRandom random;
  test::RecordingLog log;
  ServerSettings settings;
  std::unique_ptr<Server> server;

  TlsTest() {
    settings.port = 0;
    settings.certificateFile = certificate.path();
    settings.privateKeyFile = key.path();
  }

  void start() {
    auto started = Server::start(
        settings,
        [](const Request& request) {
          if (request.path == "/leaves-an-error") ERR_raise(ERR_LIB_USER, 1);
          Response response;
          response.body =
              request.path == "/big" ? std::string(4U << 20, 'b') : request.path + "|" + request.body;
          return response;
        },
        random, log);
    ASSERT_TRUE(started.ok()) << started.error().message << started.error().detail;
    server = std::move(*started);
  }

  [[nodiscard]] Context::Ptr clientContext() const {
    Context::Params params;
    params.caLocation = root.path();
    params.verificationMode = Context::VERIFY_STRICT;
    params.loadDefaultCAs = false;
    return new Context(Context::TLS_CLIENT_USE, params);
  }
  SecureStreamSocket connect(const Context::Ptr& context) const {
    SecureStreamSocket socket(context);
    socket.setPeerHostName("localhost");
    socket.connect(Poco::Net::SocketAddress("127.0.0.1", static_cast<Poco::UInt16>(server->port())));
    socket.setReceiveTimeout(Poco::Timespan(20, 0));
    return socket;
  }
  static void send(SecureStreamSocket& socket, const std::string& octets) {
    ASSERT_EQ(socket.sendBytes(octets.data(), static_cast<int>(octets.size())),
              static_cast<int>(octets.size()));
  }
  /// The certificate that the server showed, in DER.
  static std::string shown(SecureStreamSocket& socket) {
    auto* certificate = const_cast<X509*>(socket.peerCertificate().certificate());
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    std::string octets(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
    OPENSSL_free(der);
    return octets;
  }
  void renew(const test::TlsIdentity& next) const {
    std::ofstream(certificate.path(), std::ios::trunc) << next.certificate;
    std::ofstream(key.path(), std::ios::trunc) << next.key;
  }
  /// Everything until the server closes.
  static std::string all(SecureStreamSocket& socket) {
    std::string text;
    std::array<char, 16384> buffer{};
    try {
      for (int count = 1; count > 0;) {
        count = socket.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
        if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
      }
    } catch (const Poco::Exception& closed) {
      text += "\n[" + closed.displayText() + "]";
    }
    return text;
  }
};

TEST_F(TlsTest, RequestOverTls_IsAnsweredAndKeptToHttps) {
  start();
  auto socket = connect(clientContext());
  send(socket, kLast);
  const auto answer = all(socket);
  EXPECT_EQ(test::statusOf(answer), 200) << answer;
  EXPECT_TRUE(test::hasHeader(answer, "Strict-Transport-Security: max-age=31536000"));
  EXPECT_THAT(answer, testing::EndsWith("/last|")) << "and the connection ends properly";
}

TEST_F(TlsTest, PipelinedAndSplitRequests_AreAllAnswered) {
  start();
  auto socket = connect(clientContext());
  send(socket, "POST /one HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
  send(socket, "cdGET /two HTTP/1.1\r\nHost: localhost\r\n\r\n" + kLast);
  const auto answers = all(socket);
  for (const char* body : {"/one|abcd", "/two|", "/last|"}) EXPECT_THAT(answers, HasSubstr(body));
}

TEST_F(TlsTest, BigAnswer_ArrivesWhole) {
  start();
  auto socket = connect(clientContext());
  send(socket, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n" + kLast);
  const auto answers = all(socket);
  EXPECT_GT(answers.size(), 4U << 20);
  EXPECT_THAT(answers, testing::EndsWith("/last|"));
}

// D11
TEST_F(TlsTest, OlderThanTls12_IsRefused) {
  start();
  const auto context = clientContext();
  SSL_CTX_set_min_proto_version(context->sslContext(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context->sslContext(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(context->sslContext(), 0);
  SSL_CTX_set_cipher_list(context->sslContext(), "ALL");
  EXPECT_THROW(connect(context), Poco::Exception);
}

TEST_F(TlsTest, Tls12WithoutForwardSecrecy_IsRefused) {
  start();
  const auto context = clientContext();
  SSL_CTX_set_max_proto_version(context->sslContext(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context->sslContext(), "AES128-GCM-SHA256:AES256-SHA");
  EXPECT_THROW(connect(context), Poco::Exception);
}

TEST_F(TlsTest, Tls12WithForwardSecrecy_IsTaken) {
  start();
  const auto context = clientContext();
  SSL_CTX_set_max_proto_version(context->sslContext(), TLS1_2_VERSION);
  auto socket = connect(context);
  send(socket, kLast);
  EXPECT_EQ(test::statusOf(all(socket)), 200);
}

// D4: a handshake that does not come counts as a head that does not come.
TEST_F(TlsTest, ClientThatDoesNotShakeHands_IsClosed) {
  settings.headDeadline = 200ms;
  settings.idleDeadline = 60s;
  start();
  test::RawClient silent(server->port());
  test::RawClient dripping(server->port());
  ASSERT_TRUE(dripping.send("\x16\x03\x01"));
  EXPECT_EQ(silent.all(), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(dripping.all(), "");
  EXPECT_TRUE(dripping.closed());
}

TEST_F(TlsTest, PlainHttp_GetsNoAnswer) {
  start();
  test::RawClient plain(server->port());
  ASSERT_TRUE(plain.send(kLast));
  EXPECT_THAT(plain.all(), testing::Not(HasSubstr("200 OK")));
  EXPECT_TRUE(plain.closed());
}

TEST_F(TlsTest, CertificateThatCannotBeUsed_IsRefusedAtStart) {
  settings.privateKeyFile = root.path();
  const auto refused = Server::start(
      settings, [](const Request&) { return Response{}; }, random, log);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::BadOption);
  EXPECT_THAT(refused.error().message, HasSubstr("certificate"));
}

// D11: a renewed certificate needs no restart, and nobody who is connected notices.
TEST_F(TlsTest, RenewedCertificate_IsShownToNewConnectionsWhileOldOnesGoOn) {
  start();
  auto old = connect(clientContext());
  send(old, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto before = shown(old);
  EXPECT_FALSE(server->reloadCertificate().value()) << "the files are as they were";
  renew(authority.issue("DNS:localhost,IP:127.0.0.1"));
  EXPECT_TRUE(server->reloadCertificate().value());
  auto fresh = connect(clientContext());
  send(fresh, kLast);
  EXPECT_THAT(all(fresh), HasSubstr("/last|"));
  EXPECT_NE(shown(fresh), before);
  send(old, kLast);
  EXPECT_THAT(all(old), HasSubstr("/last|"));
}

TEST_F(TlsTest, ChainMadeWhole_IsShownThoughTheCertificateIsTheSame) {
  start();
  renew({identity.certificate + authority.certificate(), identity.key});
  EXPECT_TRUE(server->reloadCertificate().value());
  EXPECT_FALSE(server->reloadCertificate().value());
}

// Providers are called on the same threads, and libraries leave OpenSSL's errors behind.
TEST_F(TlsTest, ErrorThatAHandlerLeftBehind_EndsNoConnection) {
  start();
  auto socket = connect(clientContext());
  for (const char* path : {"/leaves-an-error", "/again"}) {
    send(socket, std::string("GET ") + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::array<char, 16384> buffer{};
    EXPECT_GT(socket.receiveBytes(buffer.data(), static_cast<int>(buffer.size())), 0) << path;
  }
  send(socket, kLast);
  EXPECT_THAT(all(socket), HasSubstr("/last|"));
}

TEST_F(TlsTest, BrokenOrMismatchedPair_IsRefusedAndTheOldOneServes) {
  start();
  auto first = connect(clientContext());
  send(first, kLast);
  const auto before = shown(first);
  const auto other = authority.issue("DNS:localhost,IP:127.0.0.1");
  for (const auto& [pem, what] : {std::pair{other.certificate, "a certificate without its key"},
                                  {std::string("-----BEGIN CERTIFICATE-----\nAAAA\n"), "a broken file"},
                                  {std::string(), "an empty file"}}) {
    std::ofstream(certificate.path(), std::ios::trunc) << pem;
    const auto refused = server->reloadCertificate();
    ASSERT_FALSE(refused.ok()) << what;
    EXPECT_EQ(refused.error().kind, ErrorKind::BadOption) << what;
    auto after = connect(clientContext());
    send(after, kLast);
    EXPECT_THAT(all(after), HasSubstr("/last|")) << what;
    EXPECT_EQ(shown(after), before) << what;
  }
}

}  // namespace
}  // namespace agw::api
