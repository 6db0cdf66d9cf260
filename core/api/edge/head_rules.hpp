#pragma once

#include <string>
#include <string_view>

namespace agw::api {

/// Why the edge refuses a request before any handler sees it. The connection ends after it.
struct Fault {
  int status = 0;  ///< 0: none
  std::string message;
  std::string field{};  ///< the header or parameter at fault; empty: none

  explicit operator bool() const { return status != 0; }
};

/// Finds the end of a head in octets that arrive bit by bit, and refuses what a lenient reader behind or
/// before us might understand otherwise: bare LF, folded lines, control octets, too many or too long lines.
class HeadScanner {
 public:
  HeadScanner(std::size_t maxHead, int maxHeaders) : maxHead_(maxHead), maxHeaders_(maxHeaders) {}

  /// `octets` always starts at the head's first octet and grows from call to call. The length of the head
  /// with its empty line; 0: not there yet, or `fault()`.
  [[nodiscard]] std::size_t find(std::string_view octets);
  [[nodiscard]] const Fault& fault() const { return fault_; }
  void reset();

 private:
  void checkLine(std::string_view line);

  std::size_t maxHead_;
  int maxHeaders_;
  std::size_t lineStart_ = 0;
  std::size_t seen_ = 0;
  int lines_ = 0;
  Fault fault_;
};

/// One header field, after its syntax was checked.
[[nodiscard]] Fault checkField(std::string_view name, std::string_view value);

/// `Host`: a name or address, with or without a port (RFC 9112 section 3.2).
[[nodiscard]] bool isHost(std::string_view value);

}  // namespace agw::api
