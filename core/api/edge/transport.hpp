#pragma once

#include <cstddef>
#include <memory>

#include "api/server.hpp"

namespace agw::api {

/// A connected socket that never blocks. Owned and used by one thread at a time; no exception leaves it.
class Transport {
 public:
  enum class Io { Done, NeedsRead, NeedsWrite, Closed };
  struct Outcome {
    Io io = Io::Closed;
    std::size_t octets = 0;  ///< with Done; more than 0
  };

  virtual ~Transport() = default;
  [[nodiscard]] virtual Outcome receive(char* to, std::size_t room) = 0;
  [[nodiscard]] virtual Outcome send(const char* from, std::size_t count) = 0;
  /// Says that nothing more will be sent, so that the client sees the end after the last answer.
  virtual void finishSending() = 0;
  /// Octets may be waiting inside, so only a `receive` that does not succeed shows that there are none.
  [[nodiscard]] virtual bool secure() const = 0;
};

/// Makes transports for accepted sockets: plain, or TLS 1.2 and later. Safe to call from many threads.
class TransportFactory {
 public:
  virtual ~TransportFactory() = default;
  /// Takes the descriptor over, also when it fails (nothing).
  [[nodiscard]] virtual std::unique_ptr<Transport> adopt(int descriptor) = 0;
  /// See `Server::reloadCertificate`.
  [[nodiscard]] virtual Result<bool> reload() = 0;
};

/// `BadOption` when the certificate or key cannot be used.
[[nodiscard]] Result<std::unique_ptr<TransportFactory>> makeTransportFactory(const ServerSettings& settings);

}  // namespace agw::api
