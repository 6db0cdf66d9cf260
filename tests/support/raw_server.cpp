#include "support/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

namespace agw::test {
namespace {

void check(bool done) {
  if (!done) throw std::runtime_error("the test's server cannot be set up");
}

std::shared_ptr<SSL_CTX> tlsContext(const TlsIdentity& identity, int newestTls) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const auto memory = [](const std::string& pem) {
    return std::shared_ptr<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  };
  const std::shared_ptr<X509> certificate(
      PEM_read_bio_X509(memory(identity.certificate).get(), nullptr, nullptr, nullptr), X509_free);
  const std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(memory(identity.key).get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  SSL_CTX_set_security_level(context.get(), 0);  // so that a test can offer what nobody should take
  check(SSL_CTX_set_min_proto_version(context.get(), 0) == 1 &&
        SSL_CTX_set_max_proto_version(context.get(), newestTls) == 1 &&
        SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
        SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

std::size_t contentLength(std::string_view head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  constexpr std::string_view kName = "\r\ncontent-length:";
  const auto at = lower.find(kName);
  return at == lower.npos ? 0 : std::stoul(lower.substr(at + kName.size()));
}

}  // namespace

bool Peer::readMore() {
  std::array<char, 16384> part{};
  const auto size = tls_ != nullptr ? SSL_read(tls_, part.data(), static_cast<int>(part.size()))
                                    : static_cast<int>(recv(socket_, part.data(), part.size(), 0));
  if (size <= 0) return false;
  server_.received_ += static_cast<std::size_t>(size);
  buffer_.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

std::string Peer::readRequest() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  while (buffer_.find(kEnd) == buffer_.npos) {
    if (!readMore()) return {};
  }
  const std::size_t head = buffer_.find(kEnd) + kEnd.size();
  const std::size_t whole = head + contentLength(std::string_view(buffer_).substr(0, head));
  while (buffer_.size() < whole) {
    if (!readMore()) return {};
  }
  std::string request = buffer_.substr(0, whole);
  buffer_.erase(0, whole);
  const std::lock_guard lock(server_.mutex_);
  server_.requests_.push_back(request);
  return request;
}

bool Peer::send(std::string_view octets) {
  while (!octets.empty()) {
    const auto sent = tls_ != nullptr
                          ? SSL_write(tls_, octets.data(), static_cast<int>(octets.size()))
                          : static_cast<int>(::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL));
    if (sent <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::drip(std::string_view octets, std::chrono::milliseconds interval) {
  for (const char octet : octets) {
    if (!send({&octet, 1})) return;
    // The pause ends early when the client closes.
    pollfd gone{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    if (poll(&gone, 1, static_cast<int>(interval.count())) != 0) return;
  }
}

void Peer::waitUntilGone() {
  while (readMore()) {
  }
}

void Peer::cut() {
  shutdown(socket_, SHUT_WR);
  waitUntilGone();
}

RawServer::RawServer(Script script, const std::string& address, std::optional<TlsIdentity> identity,
                     int newestTls)
    : script_(std::move(script)), tls_(identity ? tlsContext(*identity, newestTls) : nullptr) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  check(inet_pton(AF_INET, address.c_str(), &at.sin_addr) == 1);
  socklen_t size = sizeof at;
  auto* raw = reinterpret_cast<sockaddr*>(&at);
  check(bind(listener_, raw, size) == 0 && listen(listener_, 64) == 0 &&
        getsockname(listener_, raw, &size) == 0);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] { acceptAll(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int open : sockets_) shutdown(open, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  for (auto& worker : workers_) worker.join();
  close(listener_);
}

std::vector<std::string> RawServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void RawServer::acceptAll() {
  for (;;) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) return;
    const int on = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      close(accepted);
      return;
    }
    sockets_.push_back(accepted);
    workers_.emplace_back([this, accepted] { serve(accepted); });
  }
}

void RawServer::serve(int accepted) {
  converse(accepted);
  const std::lock_guard lock(mutex_);
  sockets_.erase(std::find(sockets_.begin(), sockets_.end(), accepted));
  close(accepted);
}

void RawServer::converse(int accepted) {
  if (tls_ == nullptr) {
    Peer peer(*this, accepted, nullptr);
    script_(peer);
    return;
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(tls_.get()), SSL_free);
  SSL_set_fd(tls.get(), accepted);
  if (SSL_accept(tls.get()) != 1) return;
  Peer peer(*this, accepted, tls.get());
  script_(peer);
  SSL_shutdown(tls.get());
}

RawServer::Script always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (!peer.readRequest().empty() && peer.send(answer)) {
    }
  };
}

}  // namespace agw::test
