#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/http_message.hpp"

namespace agw {

/// Collects one HTTP/1.1 answer from the pieces that libcurl hands out, and is stricter than libcurl where a
/// cut or forged answer could pass for a whole one: sizes, informational replies, and what frames the body
/// (RFC 9112 section 6). One answer, one thread.
class AnswerReader {
 public:
  AnswerReader(std::size_t maxHeaders, std::size_t maxBody) : maxHeaders_(maxHeaders), maxBody_(maxBody) {}
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;
  ~AnswerReader();

  /// One line with its end: status line, field, the empty line, or a trailer field. False: stop, see `fault`.
  [[nodiscard]] bool header(std::string_view line);
  /// Octets of the body. False: stop, see `fault`.
  [[nodiscard]] bool body(std::string_view part);

  /// Whether the answer says itself where its body ends, so that a cut is noticed.
  [[nodiscard]] bool framed() const { return length_.has_value() || chunked_; }
  /// What was wrong, for people: `sent too many headers`. Empty: nothing.
  [[nodiscard]] std::string_view fault() const { return fault_; }

  [[nodiscard]] HttpResponse take(int status);

 private:
  enum class Await { Status, Field, Trailer };

  bool stop(std::string_view fault);
  bool statusLine(std::string_view line);
  bool field(std::string_view line);
  bool framing(std::string_view name, std::string_view value);

  const std::size_t maxHeaders_;
  const std::size_t maxBody_;
  Await await_ = Await::Status;
  bool informational_ = false;
  int informationals_ = 0;
  std::size_t headerOctets_ = 0;
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  Headers headers_;
  std::string body_;
  std::string_view fault_;
};

}  // namespace agw
