#pragma once

#include <string>
#include <string_view>

namespace agw {

/// A text that must not be seen: token, code, key, password.
///
/// It wipes its memory when it ends or is replaced, compares in constant time, and has no stream operator, no
/// conversion to a string and no formatter, so that it cannot reach a log by accident. Only `reveal()`
/// gives it away, and a reviewer finds every use of that name. Not shared between threads without a lock,
/// like a `std::string`.
class Secret {
 public:
  Secret() = default;
  /// Takes the text over. The caller's own copies are the caller's to wipe.
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  /// The text itself, valid while this object is unchanged.
  [[nodiscard]] std::string_view reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::size_t size() const { return text_.size(); }

  /// Constant time for equal lengths.
  friend bool operator==(const Secret& left, const Secret& right);

 private:
  std::string text_;
};

/// Overwrites the whole buffer of `text`, unused capacity included, then empties it. Never optimised away.
void wipe(std::string& text);

/// Constant time for equal lengths; different lengths answer false at once.
[[nodiscard]] bool equalInConstantTime(std::string_view left, std::string_view right);

}  // namespace agw
