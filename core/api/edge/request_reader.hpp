#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/edge/head_rules.hpp"
#include "api/edge/large_bodies.hpp"
#include "api/http.hpp"

namespace agw::api {

struct ReaderLimits {
  std::size_t maxHead = 32U << 10;
  std::size_t maxBody = 64U << 10;
  int maxHeaders = 100;
  LargeBodies* largeBodies = nullptr;  ///< null: every body is held to `maxBody`
};

/// Turns the octets of one connection into requests. No I/O. After a fault nothing more can be read: where
/// the next request would begin is unknown.
///
/// Grammar and framing are Boost.Beast's; what it lets pass and we do not is in head_rules.hpp and
/// target.hpp.
class RequestReader {
 public:
  enum class Progress { NeedMore, Complete, Failed };

  explicit RequestReader(ReaderLimits limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Takes from the front of `octets` what belongs to the current request; the rest is the next one's
  /// (pipelining).
  [[nodiscard]] Progress feed(std::string_view& octets);

  /// An octet of the current request has come.
  [[nodiscard]] bool started() const;
  [[nodiscard]] bool inBody() const;
  /// True once for a request whose client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool takeContinue();
  /// After Complete, until `next`: all but peer, requestId and secure are filled.
  [[nodiscard]] Request& request();
  [[nodiscard]] bool keepAlive() const;
  [[nodiscard]] const Fault& fault() const;
  /// After Complete: makes ready for the request that follows.
  void next();

 private:
  class Parser;
  Progress readHead(std::string_view& octets);
  Progress readBody(std::string_view& octets);
  Progress fail(Fault fault);
  /// What the head as a whole must be, when every field is well-formed.
  Fault checkHead();

  ReaderLimits limits_;
  HeadScanner scanner_;
  std::string pending_;  ///< octets of an unfinished head or chunk header
  std::unique_ptr<Parser> parser_;
  Fault fault_;
  bool headRead_ = false;
  bool awaitsContinue_ = false;
};

}  // namespace agw::api
