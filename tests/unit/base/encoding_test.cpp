#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <array>

namespace agw {
namespace {

struct Spelling {
  std::string octets, plain, padded;
};

class Base64Url : public testing::TestWithParam<Spelling> {};
TEST_P(Base64Url, BothForms_GoThereAndBack) {
  const auto& [octets, plain, padded] = GetParam();
  EXPECT_EQ(base64UrlEncode(octets), plain);
  EXPECT_EQ(base64UrlEncode(octets, Padding::Required), padded);
  EXPECT_EQ(base64UrlDecode(plain), octets);
  EXPECT_EQ(base64UrlDecode(padded, Padding::Required), octets);
}
// RFC 4648 section 10, and the two characters in which base64url differs from base64.
INSTANTIATE_TEST_SUITE_P(Vectors, Base64Url,
                         testing::Values(Spelling{"", "", ""}, Spelling{"f", "Zg", "Zg=="},
                                         Spelling{"fo", "Zm8", "Zm8="}, Spelling{"foo", "Zm9v", "Zm9v"},
                                         Spelling{"foob", "Zm9vYg", "Zm9vYg=="},
                                         Spelling{"fooba", "Zm9vYmE", "Zm9vYmE="},
                                         Spelling{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                                         Spelling{"\xFB\xFF\xFE", "-__-", "-__-"}));

class Base64UrlRefuses : public testing::TestWithParam<std::string> {};
TEST_P(Base64UrlRefuses, EveryOtherSpelling_InEitherForm) {
  EXPECT_FALSE(base64UrlDecode(GetParam(), Padding::Required)) << GetParam();
  EXPECT_FALSE(base64UrlDecode(GetParam(), Padding::None)) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Spellings, Base64UrlRefuses,
                         testing::Values("Zg=", "Z===", "Z", "====", "=", "==", "Zm 9", "Zm9v\n", " Zm9v",
                                         "Zm9v!", "+//+", "Zh==", "Zm9=", "Zg==Zg==", "Zm=v",
                                         std::string("Zm9v\0", 5), std::string("\0\0\0\0", 4),
                                         "Zm9v====", "\xC3\xA4\xC3\xA4"));

TEST(Base64Url, PaddingWhereNoneBelongs_IsRefused) {
  EXPECT_FALSE(base64UrlDecode("Zg==", Padding::None));
  EXPECT_FALSE(base64UrlDecode("Zg", Padding::Required));
}

TEST(Base64Url, EveryOctet_Survives) {
  std::string octets;
  for (int octet = 0; octet < 256; ++octet) octets += static_cast<char>(octet);
  for (std::size_t size = 0; size <= octets.size(); ++size) {
    const auto part = octets.substr(256 - size);
    EXPECT_EQ(base64UrlDecode(base64UrlEncode(part)), part);
  }
}

TEST(Base64Url, OneOctetString_HasOneSpelling) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const char first : kAlphabet) {
    for (const char second : kAlphabet) {
      const std::string text{first, second};
      const auto octets = base64UrlDecode(text);
      if (octets) {
        EXPECT_EQ(base64UrlEncode(*octets), text);
      }
    }
  }
}

TEST(HexEncode, IsLowerCase) {
  EXPECT_EQ(hexEncode(std::string("\x00\x9F\xFF", 3)), "009fff");
}

TEST(PercentEncode, KeepsOnlyTheUnreserved) {
  EXPECT_EQ(percentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percentEncode(" +/&=%\xC3\xA4"), "%20%2B%2F%26%3D%25%C3%A4");
  EXPECT_EQ(percentEncode(std::string("\0\r\n", 3)), "%00%0D%0A");
}

TEST(PercentDecode, PlusIsASpaceOnlyWhereAsked) {
  EXPECT_EQ(percentDecode("a+b%2bc", true), "a b+c");
  EXPECT_EQ(percentDecode("a+b", false), "a+b");
}

TEST(PercentDecode, WhatWasEncoded_ComesBack) {
  std::string octets;
  for (int octet = 0; octet < 256; ++octet) octets += static_cast<char>(octet);
  EXPECT_EQ(percentDecode(percentEncode(octets), true), octets);
}

class PercentDecodeRefuses : public testing::TestWithParam<std::string> {};
TEST_P(PercentDecodeRefuses, BrokenEscapes) {
  EXPECT_FALSE(percentDecode(GetParam(), true)) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Escapes, PercentDecodeRefuses,
                         testing::Values("%", "a%4", "%G0", "%0G", "%%41", "%-1", "% 1"));

class Utf8Accepts : public testing::TestWithParam<std::string> {};
TEST_P(Utf8Accepts, WellFormed) {
  EXPECT_TRUE(isUtf8(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Texts, Utf8Accepts,
                         testing::Values("", "plain", std::string("a\0b", 3), "\x7F", "\xC2\x80", "\xDF\xBF",
                                         "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                                         "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"));

// RFC 3629 sections 3 and 10.
class Utf8Refuses : public testing::TestWithParam<std::string> {};
TEST_P(Utf8Refuses, IllFormed) {
  EXPECT_FALSE(isUtf8(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Texts, Utf8Refuses,
                         testing::Values("\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF",
                                         "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                                         "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC2",
                                         "\xE2\x82", "\xF0\x9F\x98", "\xC2\x41", "\xE2\x28\xA1", "a\x80z"));

TEST(ToLower, TouchesAsciiLettersOnly) {
  EXPECT_EQ(toLower("AbZ@[\xC3\x84"), "abz@[\xC3\x84");
}

TEST(HtmlEscape, LeavesNothingThatEndsTextOrAnAttribute) {
  EXPECT_EQ(htmlEscape(R"(<b a="x" c='y'>&amp;)"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;");
}

}  // namespace
}  // namespace agw
