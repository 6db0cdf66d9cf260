#pragma once

#include <string>
#include <string_view>

#include "base/http_message.hpp"

namespace agw {

/// The request that a plugin puts together, piece by piece. A piece is refused (false) when it could break
/// out of its place: a line break in a header, a method that is none, a header that belongs to the
/// connection.
class Outgoing {
 public:
  Outgoing() = default;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing() { wipe(form_); }

  [[nodiscard]] bool method(std::string_view name);
  [[nodiscard]] bool url(std::string_view address);
  [[nodiscard]] bool header(std::string_view name, std::string_view value);
  void query(std::string_view name, std::string_view value);
  void formField(std::string_view name, std::string_view value);
  [[nodiscard]] bool body(std::string_view contentType, std::string_view text);
  /// RFC 6749 section 2.3.1: both are form-encoded before RFC 7617 joins them.
  void basic(std::string_view user, std::string_view password);

  [[nodiscard]] bool hasUrl() const { return !request_.url.empty(); }
  /// The whole request; this one is empty afterwards.
  [[nodiscard]] HttpRequest take(bool allowPrivate);

 private:
  HttpRequest request_{.method = "", .url = "", .headers = {}, .body = Secret(), .allowPrivate = false};
  std::string query_;
  std::string form_;
  bool hasForm_ = false;
  bool hasBody_ = false;
};

/// True when `text` has an octet below a space, or DEL.
[[nodiscard]] bool hasControlCharacter(std::string_view text);

}  // namespace agw
