#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace agw {

enum class LogLevel { Trace, Debug, Info, Warning, Error };

/// One named fact of a log event. There is no conversion from `Secret`, so a secret does not compile here.
struct LogField {
  std::string_view name;
  std::string value;
};

/// Where events go. An event is one line; control octets in values are escaped by the implementation, so that
/// a value cannot forge a second event. Safe to call from many threads; never throws.
class Log {
 public:
  virtual ~Log() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  /// `event` is a fixed word (`refresh_failed`); what varies goes into fields.
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
};

/// How an e-mail address appears in logs: the first characters of its SHA-256. The same person is
/// recognisable, the address is not.
[[nodiscard]] std::string loggedEmail(std::string_view email);

}  // namespace agw
