#include "app/log.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/Message.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cctype>
#include <ostream>

#include "base/encoding.hpp"

namespace agw {
namespace {

const char* levelName(LogLevel level) {
  switch (level) {
    case LogLevel::Trace:
      return "trace";
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Error:
      return "error";
  }
  return "error";
}

Poco::Message::Priority priorityOf(LogLevel level) {
  switch (level) {
    case LogLevel::Trace:
      return Poco::Message::PRIO_TRACE;
    case LogLevel::Debug:
      return Poco::Message::PRIO_DEBUG;
    case LogLevel::Info:
      return Poco::Message::PRIO_INFORMATION;
    case LogLevel::Warning:
      return Poco::Message::PRIO_WARNING;
    case LogLevel::Error:
      return Poco::Message::PRIO_ERROR;
  }
  return Poco::Message::PRIO_ERROR;
}

/// What JSON escaping leaves alone and a terminal may obey: DEL, the C1 controls, and octets that are no
/// UTF-8.
std::string tamed(std::string_view value) {
  std::string text(value);
  if (!isUtf8(text)) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == 0x7f) text[i] = '?';
    if (c1) text.replace(i, 2, "?");
  }
  return text;
}

std::string jsonText(std::string_view value) {
  return boost::json::serialize(boost::json::string(tamed(value)));
}

bool isWord(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
}

class StreamLog final : public Log {
 public:
  StreamLog(std::ostream& stream, LogLevel least, LogFormat format, const Clock& clock)
      : channel_(new Poco::ConsoleChannel(stream)), least_(least), format_(format), clock_(clock) {}

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= least_; }

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    if (!enabled(level)) return;
    try {
      const std::string line =
          format_ == LogFormat::Json ? jsonLine(level, event, fields) : textLine(level, event, fields);
      channel_->log(Poco::Message("auth-gateway", line, priorityOf(level)));
    } catch (...) {
      // A log that cannot be written must not end what it tells about.
    }
  }

 private:
  [[nodiscard]] std::string jsonLine(LogLevel level, std::string_view event,
                                     std::initializer_list<LogField> fields) const {
    std::string line = "{\"time\":\"" + toRfc3339(clock_.now()) + "\",\"level\":\"" + levelName(level) +
                       "\",\"event\":" + jsonText(event);
    for (const auto& field : fields) line += "," + jsonText(field.name) + ":" + jsonText(field.value);
    return line + "}";
  }

  [[nodiscard]] std::string textLine(LogLevel level, std::string_view event,
                                     std::initializer_list<LogField> fields) const {
    constexpr std::size_t kLevelWidth = 8;
    std::string name = levelName(level);
    name.resize(kLevelWidth, ' ');
    std::string line = toRfc3339(clock_.now()) + " " + name + tamed(event);
    for (const auto& field : fields) {
      line += " " + tamed(field.name) + "=" + (isWord(field.value) ? field.value : jsonText(field.value));
    }
    return line;
  }

  Poco::AutoPtr<Poco::ConsoleChannel> channel_;
  LogLevel least_;
  LogFormat format_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Log> makeStreamLog(std::ostream& stream, LogLevel least, LogFormat format,
                                   const Clock& clock) {
  return std::make_unique<StreamLog>(stream, least, format, clock);
}

}  // namespace agw
