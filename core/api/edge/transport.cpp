#include "api/edge/transport.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <mutex>
#include <vector>

namespace agw::api {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::StreamSocket;

int asLength(std::size_t count) {
  return static_cast<int>(std::min<std::size_t>(count, std::numeric_limits<int>::max()));
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(const StreamSocket& socket)
      : socket_(socket), descriptor_(socket_.impl()->sockfd()) {}

  Outcome receive(char* to, std::size_t room) override {
    return outcome(::recv(descriptor_, to, room, 0), Io::NeedsRead);
  }
  Outcome send(const char* from, std::size_t count) override {
    return outcome(::send(descriptor_, from, count, MSG_NOSIGNAL), Io::NeedsWrite);
  }
  void finishSending() override { ::shutdown(descriptor_, SHUT_WR); }
  bool secure() const override { return false; }

 private:
  static Outcome outcome(ssize_t count, Io blocked) {
    if (count > 0) return {Io::Done, static_cast<std::size_t>(count)};
    const bool again = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return {again ? blocked : Io::Closed};
  }

  StreamSocket socket_;
  int descriptor_;
};

class TlsTransport final : public Transport {
 public:
  explicit TlsTransport(const SecureStreamSocket& socket) : socket_(socket) {}

  Outcome receive(char* to, std::size_t room) override {
    return guarded([&] { return socket_.receiveBytes(to, asLength(room)); });
  }
  Outcome send(const char* from, std::size_t count) override {
    return guarded([&] { return socket_.sendBytes(from, asLength(count)); });
  }
  void finishSending() override {
    try {
      socket_.shutdown();
    } catch (const std::exception&) {
      // The client is gone already; closing follows in any case.
    }
    ::shutdown(socket_.impl()->sockfd(), SHUT_WR);
  }
  bool secure() const override { return true; }

 private:
  template <class Call>
  static Outcome guarded(Call call) {
    ERR_clear_error();  // what another user of OpenSSL left on this thread would be taken for this call's
    try {
      const int count = call();
      if (count > 0) return {Io::Done, static_cast<std::size_t>(count)};
      if (count == SecureStreamSocket::ERR_SSL_WANT_READ) return {Io::NeedsRead};
      if (count == SecureStreamSocket::ERR_SSL_WANT_WRITE) return {Io::NeedsWrite};
      return {Io::Closed};
    } catch (const std::exception&) {
      return {Io::Closed};
    }
  }

  SecureStreamSocket socket_;
};

class PlainFactory final : public TransportFactory {
 public:
  std::unique_ptr<Transport> adopt(int descriptor) override {
    return std::make_unique<PlainTransport>(StreamSocket(new Poco::Net::StreamSocketImpl(descriptor)));
  }
  Result<bool> reload() override { return false; }
};

/// A context for the pair that the files hold at this moment.
Result<Context::Ptr> makeContext(const ServerSettings& settings) {
  Context::Params params;
  params.privateKeyFile = settings.privateKeyFile;
  params.certificateFile = settings.certificateFile;
  params.verificationMode = Context::VERIFY_NONE;  // of clients: they show an API key instead
  params.loadDefaultCAs = false;
  params.cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20";
  std::string fault = "they do not belong together";
  try {
    Context::Ptr context = new Context(Context::TLS_SERVER_USE, params);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
    SSL_CTX* tls = context->sslContext();
    SSL_CTX_set_options(tls,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    // An idle connection gives its buffers back; an answer may be continued from another copy of its octets.
    SSL_CTX_set_mode(
        tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A certificate that is loaded after a key of another pair silently drops the key.
    if (SSL_CTX_check_private_key(tls) == 1) return context;
    ERR_clear_error();
  } catch (const Poco::Exception& exception) {
    fault = exception.displayText();
  }
  return Error{.kind = ErrorKind::BadOption,
               .message =
                   "The TLS certificate or its private key cannot be used: check that both files are there, "
                   "readable, PEM, and belong together.",
               .detail = fault};
}

/// The certificate and those that clients get with it.
std::vector<const X509*> chainOf(const Context::Ptr& context) {
  std::vector<const X509*> chain{SSL_CTX_get0_certificate(context->sslContext())};
  STACK_OF(X509)* others = nullptr;
  SSL_CTX_get0_chain_certs(context->sslContext(), &others);
  for (int at = 0; at < sk_X509_num(others); ++at) chain.push_back(sk_X509_value(others, at));
  return chain;
}

bool sameChain(const Context::Ptr& one, const Context::Ptr& other) {
  const auto first = chainOf(one);
  const auto second = chainOf(other);
  return std::equal(first.begin(), first.end(), second.begin(), second.end(),
                    [](const X509* left, const X509* right) { return X509_cmp(left, right) == 0; });
}

class TlsFactory final : public TransportFactory {
 public:
  TlsFactory(ServerSettings settings, Context::Ptr context)
      : settings_(std::move(settings)), context_(std::move(context)) {}
  ~TlsFactory() override {
    context_.reset();
    Poco::Net::uninitializeSSL();
  }

  std::unique_ptr<Transport> adopt(int descriptor) override {
    StreamSocket plain(new Poco::Net::StreamSocketImpl(descriptor));
    try {
      plain.setBlocking(false);  // Poco keeps a copy of the mode and waits where it is not told
      auto secure = SecureStreamSocket::attach(plain, context());
      secure.setBlocking(false);
      return std::make_unique<TlsTransport>(secure);
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  Result<bool> reload() override {
    auto fresh = makeContext(settings_);
    if (!fresh) return std::move(fresh).error();
    const std::lock_guard lock(mutex_);
    if (sameChain(context_, *fresh)) return false;
    context_ = std::move(*fresh);
    return true;
  }

 private:
  Context::Ptr context() {
    const std::lock_guard lock(mutex_);
    return context_;
  }

  const ServerSettings settings_;
  std::mutex mutex_;
  Context::Ptr context_;
};

}  // namespace

Result<std::unique_ptr<TransportFactory>> makeTransportFactory(const ServerSettings& settings) {
  if (settings.certificateFile.empty())
    return std::unique_ptr<TransportFactory>(std::make_unique<PlainFactory>());
  Poco::Net::initializeSSL();
  auto context = makeContext(settings);
  if (!context) {
    Poco::Net::uninitializeSSL();
    return std::move(context).error();
  }
  return std::unique_ptr<TransportFactory>(std::make_unique<TlsFactory>(settings, std::move(*context)));
}

}  // namespace agw::api
