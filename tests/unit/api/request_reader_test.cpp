#include "api/edge/request_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agw::api {
namespace {

using Progress = RequestReader::Progress;
using testing::HasSubstr;

std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: gw\r\n" + headers + "\r\n";
}
std::string post(const std::string& headers, const std::string& body = "") {
  return "POST /auth/token HTTP/1.1\r\nHost: gw\r\n" + headers + "\r\n" + body;
}

struct Case {
  const char* name;
  std::string octets;
  int status;
};
std::ostream& operator<<(std::ostream& out, const Case& shown) {
  return out << shown.name;
}

class Refused : public testing::TestWithParam<Case> {};

// D1, D2, D3, D7, D8, D12, C9: what must never reach a handler.
TEST_P(Refused, NoRequestComesOutOfIt) {
  RequestReader reader({});
  std::string_view octets = GetParam().octets;
  ASSERT_EQ(reader.feed(octets), Progress::Failed);
  EXPECT_EQ(reader.fault().status, GetParam().status) << reader.fault().message;
  EXPECT_FALSE(reader.fault().message.empty());
  std::string_view next = "GET / HTTP/1.1\r\nHost: gw\r\n\r\n";
  EXPECT_EQ(reader.feed(next), Progress::Failed) << "what follows must not be read either";
}

// The same octets one at a time: the verdict does not depend on how the network cuts them.
TEST_P(Refused, NoRequestComesOutOfItOctetByOctet) {
  RequestReader reader({});
  auto progress = Progress::NeedMore;
  for (const char octet : GetParam().octets) {
    std::string_view piece(&octet, 1);
    progress = reader.feed(piece);
    if (progress != Progress::NeedMore) break;
  }
  EXPECT_EQ(progress, Progress::Failed);
  EXPECT_EQ(reader.fault().status, GetParam().status) << reader.fault().message;
}

const std::string kChunk = "Transfer-Encoding: chunked\r\n";

INSTANTIATE_TEST_SUITE_P(
    Framing, Refused,
    testing::Values(
        Case{"ContentLengthAndChunked", post("Content-Length: 4\r\n" + kChunk, "0\r\n\r\n"), 400},
        Case{"ChunkedAndContentLength", post(kChunk + "Content-Length: 4\r\n", "0\r\n\r\n"), 400},
        Case{"TwoContentLengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde"), 400},
        Case{"SameContentLengthTwice", post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"), 400},
        Case{"ContentLengthPlus", post("Content-Length: +4\r\n", "abcd"), 400},
        Case{"ContentLengthMinus", post("Content-Length: -4\r\n", "abcd"), 400},
        Case{"ContentLengthList", post("Content-Length: 4, 4\r\n", "abcd"), 400},
        Case{"ContentLengthComma", post("Content-Length: 1,0\r\n", "abcd"), 400},
        Case{"ContentLengthHex", post("Content-Length: 0x4\r\n", "abcd"), 400},
        Case{"ContentLengthWord", post("Content-Length: 5x\r\n", "abcde"), 400},
        Case{"ContentLengthEmpty", post("Content-Length: \r\n", "abcd"), 400},
        Case{"ContentLengthOverflow", post("Content-Length: 99999999999999999999999\r\n"), 400},
        Case{"XChunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
        Case{"GzipChunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        Case{"ChunkedTwice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
        Case{"TwoTransferEncodings", post(kChunk + "Transfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
        Case{"SameTransferEncodingTwice", post(kChunk + kChunk, "0\r\n\r\n"), 400},
        Case{"Identity", post("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", "abcd"), 501},
        Case{"ChunkedVerticalTab",
             post("Transfer-Encoding: \x0b"
                  "chunked\r\n",
                  "0\r\n\r\n"),
             400},
        Case{"SpaceBeforeColon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
        Case{"ChunkedInHttp10", "POST / HTTP/1.0\r\nHost: gw\r\n" + kChunk + "\r\n0\r\n\r\n", 400},
        Case{"ChunkExtension", post(kChunk, "4;a=b\r\nabcd\r\n0\r\n\r\n"), 400},
        Case{"ChunkSizeOverflow", post(kChunk, "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n"), 400},
        Case{"ChunkSizeNegative", post(kChunk, "-4\r\nabcd\r\n0\r\n\r\n"), 400},
        Case{"ChunkSizeHexPrefix", post(kChunk, "0x4\r\nabcd\r\n0\r\n\r\n"), 400},
        Case{"ChunkBareLf", post(kChunk, "4\nabcd\n0\n\n"), 400},
        Case{"ChunkWithoutEnd", post(kChunk, "4\r\nabcdXX0\r\n\r\n"), 400},
        Case{"ChunkTrailer", post(kChunk, "4\r\nabcd\r\n0\r\nX-API-Key: other\r\n\r\n"), 400},
        Case{"ChunkHeaderEndless", post(kChunk, std::string(3000, '0')), 400},
        Case{"ChunkTooBig", post(kChunk, "10001\r\n" + std::string(70'000, 'a')), 413},
        Case{"BodyTooBig", post("Content-Length: 65537\r\n"), 413},
        Case{"BodyOneGigabyte", post("Content-Length: 1000000000\r\n", "a"), 413}));

// RFC 9112 section 6.3: without Content-Length and Transfer-Encoding there is no body, so what follows is the
// next request.
TEST(RequestReader, PostThatTellsNoLength_HasNoBody) {
  RequestReader reader({});
  const std::string both = post("") + get("/health");
  std::string_view octets = both;
  ASSERT_EQ(reader.feed(octets), Progress::Complete);
  EXPECT_EQ(reader.request().path, "/auth/token");
  EXPECT_EQ(reader.request().body, "");
  EXPECT_TRUE(reader.keepAlive());
  reader.next();
  ASSERT_EQ(reader.feed(octets), Progress::Complete);
  EXPECT_EQ(reader.request().path, "/health");
  EXPECT_EQ(octets, "");
}
TEST(RequestReader, OctetsBehindAPostThatTellsNoLength_AreNoBodyAndNoRequest) {
  RequestReader reader({});
  const std::string hidden = post("", "{\"provider\":\"x\"}\r\n\r\n");
  std::string_view octets = hidden;
  ASSERT_EQ(reader.feed(octets), Progress::Complete);
  EXPECT_EQ(reader.request().body, "");
  reader.next();
  EXPECT_EQ(reader.feed(octets), Progress::Failed);
}

INSTANTIATE_TEST_SUITE_P(
    Head, Refused,
    testing::Values(
        Case{"BareLf", "GET / HTTP/1.1\nHost: gw\n\n", 400},
        Case{"BareLfInHeaders", "GET / HTTP/1.1\r\nHost: gw\nX: y\r\n\r\n", 400},
        Case{"BareCr", "GET / HTTP/1.1\r\nHost: gw\rX: y\r\n\r\n", 400},
        Case{"LeadingEmptyLine", "\r\nGET / HTTP/1.1\r\nHost: gw\r\n\r\n", 400},
        Case{"ObsFold", get("/", "X-A: b\r\n c\r\n"), 400},
        Case{"ObsFoldTab", get("/", "X-A: b\r\n\tc\r\n"), 400},
        Case{"FoldedFirst", "GET / HTTP/1.1\r\n Host: gw\r\n\r\n", 400},
        Case{"NulInValue", get("/", std::string("X-A: b\0c\r\n", 10)), 400},
        Case{"NulInName", get("/", std::string("X\0A: b\r\n", 8)), 400},
        Case{"ControlInValue", get("/", "X-A: b\x01\r\n"), 400},
        Case{"DelInValue", get("/", "X-A: b\x7f\r\n"), 400}, Case{"NoColon", get("/", "X-A\r\n"), 400},
        Case{"EmptyName", get("/", ": b\r\n"), 400}, Case{"Underscore", get("/", "X_API_Key: k\r\n"), 400},
        Case{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400}, Case{"TwoHosts", get("/", "Host: gw\r\n"), 400},
        Case{"HostUser", "GET / HTTP/1.1\r\nHost: a@gw\r\n\r\n", 400},
        Case{"HostPath", "GET / HTTP/1.1\r\nHost: gw/x\r\n\r\n", 400},
        Case{"HostEmpty", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
        Case{"HostPort", "GET / HTTP/1.1\r\nHost: gw:80a\r\n\r\n", 400},
        Case{"TwoKeys", get("/", "X-API-Key: a\r\nx-api-key: b\r\n"), 400},
        Case{"TwoAuthorizations", get("/", "Authorization: a\r\nAuthorization: b\r\n"), 400},
        Case{"TwoContentTypes", get("/", "Content-Type: a/b\r\nContent-Type: a/c\r\n"), 400},
        Case{"EncodedWordInKey", get("/", "X-API-Key: =?UTF-8?Q?abc=0D=0AInjected=3A1?=\r\n"), 400},
        Case{"EncodedWordUtf32", get("/", "X-API-Key: =?UTF-32?B?AAAAAA==?=\r\n"), 400},
        Case{"EncodedWordInForwarded", get("/", "X-Forwarded-For: =?UTF-8?Q?1.2.3.4?=\r\n"), 400},
        Case{"EncodedWordInAuthorization", get("/", "Authorization: Bearer =?UTF-8?Q?a?=\r\n"), 400},
        Case{"LongValue", get("/", "X-A: " + std::string(9'000, 'a') + "\r\n"), 431},
        Case{"LongHead",
             "GET / HTTP/1.1\r\nHost: gw\r\n" +
                 [] {
                   std::string lines;
                   for (int line = 0; line < 50; ++line) lines += "X-A: " + std::string(1'000, 'a') + "\r\n";
                   return lines;
                 }(),
             431},
        Case{"ManyHeaders",
             get("/",
                 [] {
                   std::string lines;
                   for (int line = 0; line < 101; ++line) lines += "A: b\r\n";
                   return lines;
                 }()),
             431},
        Case{"LongTarget", get("/" + std::string(17'000, 'a')), 414},
        Case{"EndlessLine", std::string(40'000, 'A'), 431},
        Case{"Version2", "GET / HTTP/2.0\r\nHost: gw\r\n\r\n", 505},
        Case{"Version09", "GET /\r\nHost: gw\r\n\r\n", 400},
        Case{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: gw\r\n\r\n", 400},
        Case{"TabInRequestLine", "GET\t/ HTTP/1.1\r\nHost: gw\r\n\r\n", 400},
        Case{"TrailingSpace", "GET / HTTP/1.1 \r\nHost: gw\r\n\r\n", 505},
        Case{"OtherExpectation", get("/", "Expect: tea\r\n"), 417},
        Case{"Trace", "TRACE / HTTP/1.1\r\nHost: gw\r\n\r\n", 405},
        Case{"Connect", "CONNECT gw:443 HTTP/1.1\r\nHost: gw\r\n\r\n", 405},
        Case{"UnknownMethod", "BREW / HTTP/1.1\r\nHost: gw\r\n\r\n", 501},
        Case{"LowerCaseMethod", "get / HTTP/1.1\r\nHost: gw\r\n\r\n", 501},
        Case{"TlsHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 13), 400}));

INSTANTIATE_TEST_SUITE_P(
    Target, Refused,
    testing::Values(Case{"Absolute", get("http://gw/health"), 400}, Case{"Authority", get("gw:80"), 400},
                    Case{"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: gw\r\n\r\n", 400},
                    Case{"DotDot", get("/a/../b"), 400}, Case{"Dot", get("/a/./b"), 400},
                    Case{"EscapedDots", get("/a/%2e%2e/b"), 400}, Case{"EscapedDot", get("/%2E"), 400},
                    Case{"EscapedSlash", get("/a%2fb"), 400}, Case{"EscapedNul", get("/a%00"), 400},
                    Case{"EscapedBackslash", get("/a%5cb"), 400}, Case{"Backslash", get("/a\\b"), 400},
                    Case{"DoubleSlash", get("//a"), 400}, Case{"InnerDoubleSlash", get("/a//b"), 400},
                    Case{"BrokenEscape", get("/a%4"), 400}, Case{"EscapedNewline", get("/a%0ab"), 400},
                    Case{"NotUtf8", get("/a%ff"), 400}, Case{"Fragment", get("/a#b"), 400},
                    Case{"RawUtf8", get("/\xc3\xa4"), 400}));

/// One request from `octets`, which it must use up.
Request whole(std::string_view octets) {
  RequestReader reader({});
  EXPECT_EQ(reader.feed(octets), Progress::Complete) << reader.fault().message;
  EXPECT_TRUE(octets.empty());
  return reader.request();
}

TEST(RequestReader, PathAndQuery_AreDecodedOnce) {
  const auto request = whole(get("/auth/providers/alice%40company.com?a=b%2Bc+d&e=%2541&flag"));
  EXPECT_EQ(request.path, "/auth/providers/alice@company.com");
  EXPECT_THAT(request.query, testing::ElementsAre(testing::Pair("a", "b+c d"), testing::Pair("e", "%41"),
                                                  testing::Pair("flag", "")));
}

// D8: whether an address takes the query at all, and how it says that it does not, is the address' matter.
TEST(RequestReader, QueryThatIsTwofoldOrBroken_IsAFaultOfTheRequestAndNoneIsRead) {
  for (const char* query : {"x=1&x=2", "x=1&%78=2", "x=%zz", "x=%c3", "x=%00", "x=%0d%0aSet-Cookie"}) {
    const auto request = whole(get("/a?y=1&" + std::string(query)));
    ASSERT_TRUE(request.queryFault) << query;
    EXPECT_EQ(request.queryFault->kind, ErrorKind::InvalidRequest) << query;
    EXPECT_TRUE(request.query.empty()) << query;
  }
}

TEST(RequestReader, FaultOfAQuery_DoesNotStickToTheNextRequest) {
  RequestReader reader({});
  const std::string octets = get("/a?x=1&x=2") + get("/b?x=1");
  std::string_view rest = octets;
  ASSERT_EQ(reader.feed(rest), Progress::Complete);
  reader.next();
  ASSERT_EQ(reader.feed(rest), Progress::Complete);
  EXPECT_FALSE(reader.request().queryFault);
}

TEST(RequestReader, BodyByLength_IsTheBody) {
  const auto request = whole(post("Content-Length: 4\r\nContent-Type: application/json\r\n", "abcd"));
  EXPECT_EQ(request.body, "abcd");
  EXPECT_EQ(request.header("content-type"), "application/json");
}

TEST(RequestReader, ChunkedBodyInAnyPieces_IsTheSameBody) {
  const std::string octets = post(kChunk, "4\r\nabcd\r\n0A\r\n0123456789\r\n0\r\n\r\n") + get("/next");
  for (std::size_t step = 1; step < octets.size(); ++step) {
    RequestReader reader({});
    auto progress = Progress::NeedMore;
    std::size_t at = 0;
    std::string_view piece;
    while (progress == Progress::NeedMore && at < octets.size()) {
      piece = std::string_view(octets).substr(at, step);
      at += piece.size();
      progress = reader.feed(piece);
    }
    ASSERT_EQ(progress, Progress::Complete) << step << reader.fault().message;
    EXPECT_EQ(reader.request().body, "abcd0123456789") << step;
    EXPECT_TRUE(get("/next").starts_with(piece)) << "step " << step << ": the rest is the next request's";
  }
}

TEST(RequestReader, EmptyChunkedBodyOctetByOctet_IsAnEmptyBody) {
  RequestReader reader({});
  auto progress = Progress::NeedMore;
  for (const char octet : post(kChunk, "0\r\n\r\n")) {
    ASSERT_EQ(progress, Progress::NeedMore);
    std::string_view piece(&octet, 1);
    progress = reader.feed(piece);
  }
  EXPECT_EQ(progress, Progress::Complete) << reader.fault().message;
  EXPECT_EQ(reader.request().body, "");
}

TEST(RequestReader, PipelinedRequests_ComeOutInOrder) {
  const std::string octets =
      post("Content-Length: 2\r\n", "ab") + get("/second") + post(kChunk, "0\r\n\r\n") + get("/4");
  RequestReader reader({});
  std::string_view rest = octets;
  std::vector<std::string> seen;
  while (!rest.empty()) {
    ASSERT_EQ(reader.feed(rest), Progress::Complete) << reader.fault().message;
    seen.push_back(reader.request().path + reader.request().body);
    reader.next();
  }
  EXPECT_THAT(seen, testing::ElementsAre("/auth/tokenab", "/second", "/auth/token", "/4"));
}

TEST(RequestReader, GetWithABody_DoesNotLeakItIntoTheNextRequest) {
  RequestReader reader({});
  const std::string octets =
      get("/", "Content-Length: 27\r\n") + "GET /smug HTTP/1.1\r\nHost: g" + get("/next");
  std::string_view rest = octets;
  ASSERT_EQ(reader.feed(rest), Progress::Complete);
  reader.next();
  ASSERT_EQ(reader.feed(rest), Progress::Complete) << reader.fault().message;
  EXPECT_EQ(reader.request().path, "/next");
}

TEST(RequestReader, ExpectContinue_AsksOnceAndOnlyWhileTheBodyIsMissing) {
  RequestReader reader({});
  const std::string head = post("Content-Length: 2\r\nExpect: 100-continue\r\n");
  std::string_view octets = head;
  ASSERT_EQ(reader.feed(octets), Progress::NeedMore);
  EXPECT_TRUE(reader.takeContinue());
  EXPECT_FALSE(reader.takeContinue());
  RequestReader second({});
  const std::string all = head + "ab";
  octets = all;
  ASSERT_EQ(second.feed(octets), Progress::Complete);
  EXPECT_FALSE(second.takeContinue());
}

TEST(RequestReader, KeepAlive_FollowsVersionAndConnection) {
  const auto keeps = [](std::string_view octets) {
    RequestReader reader({});
    EXPECT_EQ(reader.feed(octets), Progress::Complete) << reader.fault().message;
    return reader.keepAlive();
  };
  EXPECT_TRUE(keeps(get("/")));
  EXPECT_TRUE(keeps(get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n")));
  EXPECT_FALSE(keeps(get("/", "Connection: close\r\n")));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
}

TEST(RequestReader, BodyAtTheLimit_IsTaken) {
  RequestReader reader({});
  const std::string body(64U << 10, 'a');
  const std::string octets = post("Content-Length: 65536\r\n", body);
  std::string_view rest = octets;
  ASSERT_EQ(reader.feed(rest), Progress::Complete) << reader.fault().message;
  EXPECT_EQ(reader.request().body, body);
}

TEST(RequestReader, EndlessChunks_EndAtTheLimit) {
  RequestReader reader({});
  const std::string head = post(kChunk);
  std::string_view octets = head;
  ASSERT_EQ(reader.feed(octets), Progress::NeedMore);
  int chunks = 0;
  auto progress = Progress::NeedMore;
  while (progress == Progress::NeedMore && ++chunks < 100'000) {
    std::string_view chunk = "1\r\na\r\n";
    progress = reader.feed(chunk);
  }
  EXPECT_EQ(progress, Progress::Failed);
  EXPECT_EQ(reader.fault().status, 413);
  EXPECT_EQ(chunks, (64 << 10) + 1);
}

}  // namespace
}  // namespace agw::api
