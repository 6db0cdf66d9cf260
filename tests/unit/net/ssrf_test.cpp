// E1: nothing that a provider entry or a plugin writes makes the gateway connect to an inner address.
#include <gtest/gtest.h>

#include "client_fixture.hpp"

namespace agw {
namespace {

using test::always;
using test::expectBadOption;
using test::get;
using test::ok;
using test::quickSettings;
using test::RawServer;

std::string withPort(std::string url, int port) {
  const std::string mark = "PORT";
  const auto at = url.find(mark);
  return at == url.npos ? url : url.replace(at, mark.size(), std::to_string(port));
}

class Ssrf : public testing::TestWithParam<std::string> {};
TEST_P(Ssrf, ReachesNobody) {
  RawServer listener(always(ok("secret")), "0.0.0.0");
  const auto client = makeHttpClient(quickSettings());
  auto request = get(withPort(GetParam(), listener.port()));
  request.allowPrivate = false;
  const auto answer = client->send(request);
  ASSERT_FALSE(answer);
  // Some of the names resolve on some systems only.
  EXPECT_TRUE(answer.error().kind == ErrorKind::BadOption ||
              answer.error().message.find("cannot be resolved") != std::string::npos)
      << answer.error().message;
  EXPECT_EQ(listener.connections(), 0);
  EXPECT_EQ(listener.received(), 0U);
}
INSTANTIATE_TEST_SUITE_P(
    Spellings, Ssrf,
    testing::Values(
        "https://127.0.0.1:PORT/", "https://127.0.0.2:PORT/", "https://127.1:PORT/", "https://127.0.1:PORT/",
        "https://2130706433:PORT/", "https://0x7f000001:PORT/", "https://0x7f.0.0.1:PORT/",
        "https://0177.0.0.1:PORT/", "https://017700000001:PORT/", "https://0x7f.0x0.0x0.0x1:PORT/",
        "https://127.0.0.1.:PORT/", "https://localhost:PORT/", "https://LOCALHOST:PORT/",
        "https://localhost.:PORT/", "https://sub.localhost:PORT/", "https://%31%32%37.0.0.1:PORT/",
        "https://0:PORT/", "https://0.0.0.0:PORT/", "https://0.1.2.3:PORT/", "https://[::]:PORT/",
        "https://[::1]:PORT/", "https://[0:0:0:0:0:0:0:1]:PORT/", "https://[::ffff:127.0.0.1]:PORT/",
        "https://[::ffff:7f00:1]:PORT/", "https://[::127.0.0.1]:PORT/", "https://[64:ff9b::7f00:1]:PORT/",
        "https://[2002:7f00:1::]:PORT/", "https://[fe80::1]:PORT/", "https://[fd00:ec2::254]:PORT/",
        "https://169.254.169.254/latest/meta-data/", "https://2852039166/latest/",
        "https://0xa9fea9fe/latest/", "https://[::ffff:169.254.169.254]/latest/", "https://10.0.0.1/",
        "https://172.16.0.1/", "https://192.168.0.1/", "https://100.64.0.1/", "https://224.0.0.1/",
        "https://255.255.255.255/", "http://127.0.0.1:PORT/", "http://localhost:PORT/",
        "https://known.example@127.0.0.1:PORT/", "https://127.0.0.1:PORT#@known.example/",
        "https://127.0.0.1:PORT\\@known.example/", "file:///etc/passwd", "gopher://127.0.0.1:PORT/_GET",
        "dict://127.0.0.1:PORT/", "unix:///run/x.sock"));

TEST(AllowPrivate, ReachesLoopbackButNeverMetadata) {
  RawServer listener(always(ok("x")));
  const auto client = makeHttpClient(quickSettings());
  EXPECT_TRUE(client->send(get(listener)));
  for (const std::string url :
       {"http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/",
        "http://100.100.100.200/", "http://0.0.0.0/", "http://[::]/"}) {
    expectBadOption(client->send(get(url)));
  }
}

TEST(AllowPrivate, PlainHttp_IsForDevelopmentOnly) {
  RawServer listener(always(ok("x")));
  auto settings = quickSettings();
  settings.allowPlainHttp = false;
  expectBadOption(makeHttpClient(settings)->send(get(listener)));
  EXPECT_EQ(listener.connections(), 0);
}

// A connection that one entry may use is not lent to one that may not.
TEST(AllowPrivate, KeptConnection_DoesNotServeThoseWithoutPermission) {
  const test::Authority authority;
  const test::TemporaryFile trusted(authority.certificate());
  RawServer listener(always(ok("x")), "127.0.0.1", authority.issue("DNS:localhost"));
  auto settings = quickSettings();
  settings.caFile = trusted.path();
  const auto client = makeHttpClient(settings);
  auto request = get("https://localhost:" + std::to_string(listener.port()) + "/");
  ASSERT_TRUE(client->send(request));
  request.allowPrivate = false;
  expectBadOption(client->send(request));
  EXPECT_EQ(listener.requests().size(), 1U);
}

}  // namespace
}  // namespace agw
