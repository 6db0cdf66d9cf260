#include "net/url.hpp"

#include <gtest/gtest.h>

namespace agw {
namespace {

struct Normal {
  std::string written, text, host;
  int port;
};
class ParseUrl : public testing::TestWithParam<Normal> {};
TEST_P(ParseUrl, GivesOneSpelling) {
  const auto url = parseUrl(GetParam().written);
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->text, GetParam().text);
  EXPECT_EQ(url->host, GetParam().host);
  EXPECT_EQ(url->port, GetParam().port);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, ParseUrl,
    testing::Values(
        Normal{"https://id.example/token", "https://id.example/token", "id.example", 443},
        Normal{"HTTPS://ID.Example:8443/a?b=C%20d", "https://id.example:8443/a?b=C%20d", "id.example", 8443},
        Normal{"http://id.example", "http://id.example/", "id.example", 80},
        Normal{"https://id.example/a/../b/./c", "https://id.example/b/c", "id.example", 443},
        Normal{"https://id.example/?mail=a@b.example", "https://id.example/?mail=a@b.example", "id.example",
               443},
        Normal{"https://2130706433/", "https://127.0.0.1/", "127.0.0.1", 443},
        Normal{"https://0x7f.1/", "https://127.0.0.1/", "127.0.0.1", 443},
        Normal{"https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444/", "[2001:db8::1]", 444}));

class ParseUrlRefuses : public testing::TestWithParam<std::string> {};
TEST_P(ParseUrlRefuses, WithoutRepeatingTheText) {
  const auto url = parseUrl(GetParam());
  ASSERT_FALSE(url) << url->text;
  EXPECT_EQ(url.error().kind, ErrorKind::BadOption);
  EXPECT_EQ(url.error().message.find("CANARY"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, ParseUrlRefuses,
    testing::Values("", "/token", "id.example/token", "//id.example/CANARY", "https:///token", "https:/token",
                    "https:token", "https://id.example\\@evil.example/", "https://", "ftp://id.example/",
                    "file:///etc/passwd", "gopher://id.example/", "javascript:alert(1)",
                    "https://user@id.example/CANARY", "https://user:CANARY@id.example/",
                    "https://@id.example/", "https://id.example/#CANARY", "https://id.example/a b",
                    "https://id.example/\r\nHost: evil", "https://id.example/\tx", "https://id.example\n",
                    " https://id.example/", std::string("https://id.example/\0x", 21),
                    "https://id.ex\xC3\xA4mple/", "https://[fe80::1%25eth0]/", "https://[::1/",
                    "https://0x7f.%1/", "https://%31%32%37.0.0.1/", "https://a~b.example/",
                    "https://id.example:0x50/", "https://id.example:65536/",
                    "https://id.example/" + std::string(20'000, 'x')));

}  // namespace
}  // namespace agw
