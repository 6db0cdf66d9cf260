#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth_gateway::testing {

/// JSON laid flat for the fake host: each value by its pointer, a text as it is, anything else as it was
/// written. For tests; the gateway's own parser is another.
class FlatJson {
 public:
  FlatJson() = default;
  explicit FlatJson(std::string_view text) : rest_(text) {
    valid_ = value("", 0);
    skipSpace();
    valid_ = valid_ && rest_.empty();
    if (!valid_) values_.clear();
  }

  [[nodiscard]] bool valid() const { return valid_; }
  /// Nothing for null and for what is not there.
  [[nodiscard]] const std::string* at(std::string_view pointer) const {
    const auto found = values_.find(pointer);
    return found == values_.end() ? nullptr : &found->second;
  }
  /// The keys of the object at `pointer`, one a line.
  [[nodiscard]] const std::string* keys(std::string_view pointer) const {
    const auto found = keys_.find(pointer);
    return found == keys_.end() ? nullptr : &found->second;
  }

 private:
  void skipSpace() {
    const auto start = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
  }
  bool take(char expected) {
    skipSpace();
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool value(const std::string& pointer, int depth) {
    skipSpace();
    if (rest_.empty() || depth > 32) return false;
    const auto start = rest_;
    if (rest_.front() == '"') {
      auto string = text();
      if (!string) return false;
      values_[pointer] = std::move(*string);
      return true;
    }
    const bool taken = rest_.front() == '{'   ? object(pointer, depth)
                       : rest_.front() == '[' ? array(pointer, depth)
                                              : scalar();
    if (!taken) return false;
    const std::string written(start.substr(0, start.size() - rest_.size()));
    if (written != "null") values_[pointer] = written;
    return true;
  }

  bool object(const std::string& pointer, int depth) {
    rest_.remove_prefix(1);
    std::string names;
    if (!take('}')) {
      do {
        skipSpace();
        auto name = rest_.empty() || rest_.front() != '"' ? std::nullopt : text();
        if (!name || !take(':') || !value(pointer + "/" + escaped(*name), depth + 1)) return false;
        names += (names.empty() ? "" : "\n") + *name;
      } while (take(','));
      if (!take('}')) return false;
    }
    keys_[pointer] = names;
    return true;
  }

  bool array(const std::string& pointer, int depth) {
    rest_.remove_prefix(1);
    if (take(']')) return true;
    int index = 0;
    do {
      if (!value(pointer + "/" + std::to_string(index++), depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  bool scalar() {
    const auto end = rest_.find_first_of(",]} \t\r\n");
    const auto word = rest_.substr(0, end);
    const bool number = word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    if (word.empty() || (!number && word != "true" && word != "false" && word != "null")) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> text() {
    rest_.remove_prefix(1);
    std::string string;
    while (!rest_.empty() && rest_.front() != '"') {
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return std::nullopt;
      if (rest_.front() != '\\') {
        string += rest_.front();
        rest_.remove_prefix(1);
      } else if (!escape(string)) {
        return std::nullopt;
      }
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    return string;
  }

  bool escape(std::string& string) {
    if (rest_.size() < 2) return false;
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view octets = "\"\\/\b\f\n\r\t";
    if (const auto letter = letters.find(rest_[1]); letter != std::string_view::npos) {
      string += octets[letter];
      rest_.remove_prefix(2);
      return true;
    }
    if (rest_[1] != 'u' || rest_.size() < 6) return false;
    std::uint32_t point = 0;
    for (const char digit : rest_.substr(2, 4)) {
      const auto number = std::string_view("0123456789abcdef").find(static_cast<char>(digit | 0x20));
      if (number == std::string_view::npos) return false;
      point = point * 16 + static_cast<std::uint32_t>(number);
    }
    rest_.remove_prefix(6);
    appendUtf8(string, point);
    return true;
  }

  /// Of the basic plane; a surrogate becomes U+FFFD, which is enough for tests.
  static void appendUtf8(std::string& string, std::uint32_t point) {
    if (point >= 0xD800 && point <= 0xDFFF) point = 0xFFFD;
    if (point < 0x80) {
      string += static_cast<char>(point);
    } else if (point < 0x800) {
      string += static_cast<char>(0xC0U | (point >> 6U));
      string += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
      string += static_cast<char>(0xE0U | (point >> 12U));
      string += static_cast<char>(0x80U | ((point >> 6U) & 0x3FU));
      string += static_cast<char>(0x80U | (point & 0x3FU));
    }
  }

  static std::string escaped(const std::string& name) {
    std::string token;
    for (const char character : name) {
      token += character == '~'   ? std::string("~0")
               : character == '/' ? std::string("~1")
                                  : std::string(1, character);
    }
    return token;
  }

  std::string_view rest_;
  bool valid_ = false;
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> keys_;
};

}  // namespace auth_gateway::testing
