#include "api/edge/large_bodies.hpp"

#include <gtest/gtest.h>

#include "api/edge/request_reader.hpp"

namespace agw::api {
namespace {

using Progress = RequestReader::Progress;

constexpr std::size_t kUsual = 64U << 10;
constexpr std::size_t kLarge = 256U << 10;

class LongBody : public testing::Test {
 protected:
  LargeBodies bodies{{.path = "/events/", .octets = kLarge, .atOnce = 1}};
  ReaderLimits limits{.largeBodies = &bodies};
  RequestReader reader{limits};

  static std::string head(const std::string& target, std::size_t length) {
    return "POST " + target + " HTTP/1.1\r\nHost: gw\r\nContent-Length: " + std::to_string(length) +
           "\r\n\r\n";
  }
  static Progress feed(RequestReader& reader, const std::string& octets) {
    std::string_view rest = octets;
    return reader.feed(rest);
  }
  static Progress send(RequestReader& reader, const std::string& target, std::size_t length) {
    return feed(reader, head(target, length) + std::string(length, 'x'));
  }
};

TEST_F(LongBody, WhereItIsTaken_ComesWhole) {
  ASSERT_EQ(send(reader, "/events/corp?a=b", kLarge), Progress::Complete);
  EXPECT_EQ(reader.request().body.size(), kLarge);
}

TEST_F(LongBody, ElsewhereOrEvenLonger_IsTooLarge) {
  ASSERT_EQ(feed(reader, head("/other/corp", kUsual + 1)), Progress::Failed);
  EXPECT_EQ(reader.fault().status, 413);
  RequestReader second(limits);
  ASSERT_EQ(feed(second, head("/events/corp", kLarge + 1)), Progress::Failed);
  EXPECT_EQ(second.fault().status, 413);
}

TEST_F(LongBody, InChunks_IsHeldToTheSameLimit) {
  const std::string chunked = " HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(feed(reader, "POST /events/corp" + chunked + chunk + chunk + "0\r\n\r\n"), Progress::Complete);
  RequestReader second(limits);
  EXPECT_EQ(feed(second, "POST /other/corp" + chunked + chunk + chunk), Progress::Failed);
  EXPECT_EQ(second.fault().status, 413);
}

TEST_F(LongBody, MoreAtOnceThanThereIsRoomFor_AreToldToComeBack) {
  ASSERT_EQ(feed(reader, head("/events/corp", kLarge) + std::string(kUsual + 1, 'x')), Progress::NeedMore);
  RequestReader second(limits);
  ASSERT_EQ(send(second, "/events/corp", kUsual + 1), Progress::Failed);
  EXPECT_EQ(second.fault().status, 503);
  RequestReader third(limits);
  EXPECT_EQ(send(third, "/events/corp", kUsual), Progress::Complete) << "an ordinary body needs no room";
}

TEST_F(LongBody, Answered_MakesRoomForTheNext) {
  ASSERT_EQ(send(reader, "/events/corp", kLarge), Progress::Complete);
  RequestReader second(limits);
  ASSERT_EQ(send(second, "/events/corp", kLarge), Progress::Failed) << "the first is still being handled";
  reader.next();
  RequestReader third(limits);
  EXPECT_EQ(send(third, "/events/corp", kLarge), Progress::Complete);
}

TEST_F(LongBody, ConnectionThatEnds_MakesRoomToo) {
  {
    RequestReader cut(limits);
    ASSERT_EQ(feed(cut, head("/events/corp", kLarge) + std::string(kUsual + 1, 'x')), Progress::NeedMore);
  }
  EXPECT_EQ(send(reader, "/events/corp", kLarge), Progress::Complete);
}

TEST_F(LongBody, SettingsWithoutPath_TakeNone) {
  LargeBodies none{LargeBodySettings{}};
  RequestReader plain(ReaderLimits{.largeBodies = &none});
  EXPECT_EQ(feed(plain, head("/events/corp", kUsual + 1)), Progress::Failed);
}

}  // namespace
}  // namespace agw::api
