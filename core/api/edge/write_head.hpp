#pragma once

#include <string>

#include "api/http.hpp"

namespace agw::api {

/// What the edge knows of an answer besides what the handler said.
struct AnswerFrame {
  std::string requestId;
  bool secure = false;  ///< adds Strict-Transport-Security
  bool keepAlive = true;
  bool withBody = true;  ///< false for HEAD
};

/// The only function that writes an answer's head: status line, the handler's headers, and those that every
/// answer has. False, with `out` unchanged, when a header's name is no token, its value has a control octet,
/// or it is one of the edge's own: such an answer is a fault of ours and must not leave.
[[nodiscard]] bool writeHead(const Response& response, const AnswerFrame& frame, std::string& out);

/// Head and body of one answer; an unsendable one becomes a 500.
void writeAnswer(const Response& response, const AnswerFrame& frame, std::string& out);

}  // namespace agw::api
