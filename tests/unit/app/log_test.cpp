#include "app/log.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <sstream>

#include "support/fakes.hpp"

namespace agw {
namespace {

class Logging : public testing::Test {
 protected:
  std::string written(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
                      LogFormat format, LogLevel least = LogLevel::Trace) {
    std::ostringstream stream;
    makeStreamLog(stream, least, format, clock)->write(level, event, fields);
    return stream.str();
  }
  test::FakeClock clock;
};

TEST_F(Logging, Json_IsOneObjectALine) {
  EXPECT_EQ(
      written(LogLevel::Info, "listening", {{"port", "8000"}}, LogFormat::Json),
      "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"info\",\"event\":\"listening\",\"port\":\"8000\"}\n");
}

TEST_F(Logging, Text_QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(written(LogLevel::Warning, "slow", {{"provider", "one"}, {"reason", "no answer"}, {"none", ""}},
                    LogFormat::Text),
            "2026-01-01T00:00:00Z warning slow provider=one reason=\"no answer\" none=\"\"\n");
}

TEST_F(Logging, LessThanTheLevel_IsNotWritten) {
  EXPECT_EQ(written(LogLevel::Debug, "detail", {}, LogFormat::Json, LogLevel::Info), "");
}

// J3: whatever a value holds, an event is one line without control characters.
TEST_F(Logging, HostileValues_StayInTheirLine) {
  std::string everything;
  for (int c = 0; c < 256; ++c) everything += static_cast<char>(c);
  for (const std::string& value :
       {everything, std::string("a\r\n{\"level\":\"error\"}"), std::string("\x1b[2J\x7f"),
        std::string("\xc2\x9b"
                    "31m"),
        std::string("a\xff\n")}) {
    for (const auto format : {LogFormat::Json, LogFormat::Text}) {
      const std::string line = written(LogLevel::Info, "event", {{"value", value}}, format);
      EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
      const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
      EXPECT_EQ(std::count_if(line.begin(), line.end(), control), 1) << "only the line's own end";
      EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
      if (format == LogFormat::Json) {
        EXPECT_TRUE(boost::json::parse(line).is_object());
      }
    }
  }
}

}  // namespace
}  // namespace agw
