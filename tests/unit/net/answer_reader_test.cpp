#include "net/answer_reader.hpp"

#include <gtest/gtest.h>

namespace agw {
namespace {

/// Feeds lines as libcurl does; stops where the reader stops.
bool feed(AnswerReader& reader, const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    if (!reader.header(line + "\r\n")) return false;
  }
  return true;
}

TEST(AnswerReader, WholeAnswer_IsTakenAsItCame) {
  AnswerReader reader(1000, 1000);
  ASSERT_TRUE(feed(reader, {"HTTP/1.1 200 OK", "Content-Length: 5", "X-Empty:", "x-two: \t a b \t", ""}));
  ASSERT_TRUE(reader.body("he"));
  ASSERT_TRUE(reader.body("llo"));
  EXPECT_TRUE(reader.framed());
  const auto response = reader.take(200);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.reveal(), "hello");
  EXPECT_EQ(response.headers, (Headers{{"Content-Length", "5"}, {"X-Empty", ""}, {"x-two", "a b"}}));
}

TEST(AnswerReader, InformationalReplies_LeaveNoHeaders) {
  AnswerReader reader(1000, 1000);
  ASSERT_TRUE(
      feed(reader, {"HTTP/1.1 103 Early Hints", "Link: x", "", "HTTP/1.1 204 No Content", "A: b", ""}));
  EXPECT_EQ(reader.take(204).headers, (Headers{{"A", "b"}}));
}

// E3
TEST(AnswerReader, SixthInformationalReply_IsTooMany) {
  AnswerReader reader(100'000, 1000);
  for (int round = 0; round < 5; ++round) ASSERT_TRUE(feed(reader, {"HTTP/1.1 100 Continue", ""}));
  EXPECT_FALSE(feed(reader, {"HTTP/1.1 100 Continue"}));
  EXPECT_NE(reader.fault(), "");
}

TEST(AnswerReader, Trailers_AreCountedButNotKept) {
  AnswerReader reader(100, 1000);
  ASSERT_TRUE(feed(reader, {"HTTP/1.1 200 OK", "Transfer-Encoding: chunked", ""}));
  ASSERT_TRUE(reader.body("x"));
  ASSERT_TRUE(feed(reader, {"Set-Cookie: late"}));
  EXPECT_FALSE(feed(reader, {"More: " + std::string(100, 'x')}));
}

TEST(AnswerReader, BodyAndHeaders_StopAtTheirLimits) {
  AnswerReader reader(64, 10);
  ASSERT_TRUE(feed(reader, {"HTTP/1.1 200 OK", ""}));
  EXPECT_FALSE(reader.framed());
  ASSERT_TRUE(reader.body("0123456789"));
  EXPECT_FALSE(reader.body("x"));
  AnswerReader other(64, 10);
  EXPECT_FALSE(feed(other, {"HTTP/1.1 200 OK", "A: " + std::string(64, 'x')}));
}

TEST(AnswerReader, SameLengthTwice_IsOneLength) {
  AnswerReader reader(1000, 1000);
  EXPECT_TRUE(feed(reader, {"HTTP/1.1 200 OK", "Content-Length: 5", "content-length: 5", ""}));
}

// E4
class MalformedHead : public testing::TestWithParam<std::vector<std::string>> {};
TEST_P(MalformedHead, StopsTheCall) {
  AnswerReader reader(10'000, 1000);
  ASSERT_TRUE(feed(reader, {"HTTP/1.1 200 OK"}));
  EXPECT_FALSE(feed(reader, GetParam()));
  EXPECT_NE(reader.fault(), "");
}
using Lines = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    Heads, MalformedHead,
    testing::Values(Lines{"Content-Length: 5", "Content-Length: 6"}, Lines{"Content-Length: 5, 6"},
                    Lines{"Content-Length: 5, 5"}, Lines{"Content-Length: +5"}, Lines{"Content-Length: -5"},
                    Lines{"Content-Length: 0x5"}, Lines{"Content-Length: "}, Lines{"Content-Length: 5 5"},
                    Lines{"Content-Length: 99999999999999999999"}, Lines{"Content-Length: 1001"},
                    Lines{"Content-Length: 5", "Transfer-Encoding: chunked"},
                    Lines{"Transfer-Encoding: chunked", "Content-Length: 5"},
                    Lines{"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
                    Lines{"Transfer-Encoding: xchunked"}, Lines{"Transfer-Encoding: gzip, chunked"},
                    Lines{"Transfer-Encoding: identity"}, Lines{"no colon here"}, Lines{": no name"},
                    Lines{"Name : value"}, Lines{" folded"}, Lines{"A: b", "\tfolded"},
                    Lines{std::string("A: b\0c", 6)}, Lines{"A: b\rSet-Cookie: x"}, Lines{"A: \x1b[31m"}));

}  // namespace
}  // namespace agw
