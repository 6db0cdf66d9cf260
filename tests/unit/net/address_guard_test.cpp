#include "net/address_guard.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace agw {
namespace {

Reach judge(const std::string& text) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    return reachOf(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &six.sin6_addr), 1) << text;
  return reachOf(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

// E1. First and last address of each block, and its neighbours.
class PublicAddress : public testing::TestWithParam<std::string> {};
TEST_P(PublicAddress, MayBeCalledByAll) {
  EXPECT_EQ(judge(GetParam()), Reach::Public);
}
INSTANTIATE_TEST_SUITE_P(Four, PublicAddress,
                         testing::Values("1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                                         "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
                                         "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
                                         "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
                                         "223.255.255.255", "168.63.129.15"));
INSTANTIATE_TEST_SUITE_P(Six, PublicAddress,
                         testing::Values("2001:200::1", "2001:4860:4860::8888", "2400::1", "2606:4700::1111",
                                         "3ffe::1", "2003::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"));

class PrivateAddress : public testing::TestWithParam<std::string> {};
TEST_P(PrivateAddress, NeedsPermission) {
  EXPECT_EQ(judge(GetParam()), Reach::Private);
}
INSTANTIATE_TEST_SUITE_P(Four, PrivateAddress,
                         testing::Values("10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
                                         "127.0.0.0", "127.0.0.1", "127.0.0.2", "127.255.255.255",
                                         "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255",
                                         "198.18.0.0", "198.19.255.255"));
INSTANTIATE_TEST_SUITE_P(Six, PrivateAddress,
                         testing::Values("::1", "fc00::1", "fdff:ffff::1", "fd00:ec2::253",
                                         "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::192.168.1.1",
                                         "64:ff9b::7f00:1"));

class ForbiddenAddress : public testing::TestWithParam<std::string> {};
TEST_P(ForbiddenAddress, IsCalledByNobody) {
  EXPECT_EQ(judge(GetParam()), Reach::Forbidden);
}
INSTANTIATE_TEST_SUITE_P(Four, ForbiddenAddress,
                         testing::Values("0.0.0.0", "0.255.255.255", "169.254.0.0", "169.254.169.254",
                                         "169.254.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.0",
                                         "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.51.100.1",
                                         "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
                                         "255.255.255.255"));
INSTANTIATE_TEST_SUITE_P(Six, ForbiddenAddress,
                         testing::Values("::", "::2", "::127.0.0.1", "fe80::1", "febf::1", "fec0::1",
                                         "ff02::1", "100::1", "2001::1", "2001:1ff::1", "2001:db8::1",
                                         "2002:7f00:1::1", "3fff::1", "4000::1", "5f00::1", "fd00:ec2::254",
                                         "fd20:ce::254", "::ffff:0.0.0.0", "::ffff:169.254.169.254",
                                         "64:ff9b::169.254.169.254", "64:ff9b:1::1", "::ffff:0:127.0.0.1"));

TEST(ReachOf, OtherFamiliesAndShortAddresses_AreForbidden) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(reachOf(reinterpret_cast<const sockaddr*>(&local), sizeof local), Reach::Forbidden);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(0x08080808);
  EXPECT_EQ(reachOf(reinterpret_cast<const sockaddr*>(&four), sizeof(sa_family_t)), Reach::Forbidden);
}

}  // namespace
}  // namespace agw
