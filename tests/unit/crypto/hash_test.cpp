#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace agw {
namespace {

TEST(Sha256, PublishedValues) {
  EXPECT_EQ(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexEncode(sha256("abc")), sha256Hex("abc"));
}

// RFC 4231 sections 4.2, 4.3 and 4.7: short key, text key, key longer than a block.
TEST(HmacSha256, PublishedValues) {
  EXPECT_EQ(hexEncode(hmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hexEncode(hmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hexEncode(hmacSha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, EmptyKeyAndMessage_AreAllowed) {
  EXPECT_EQ(hexEncode(hmacSha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 7914 section 11.
TEST(Pbkdf2Sha256, PublishedValues) {
  const auto one = pbkdf2Sha256("passwd", "salt", 1, 64);
  ASSERT_TRUE(one);
  EXPECT_EQ(hexEncode(one->reveal()),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

TEST(Pbkdf2Sha256, SenselessParameters_AreRefused) {
  EXPECT_FALSE(pbkdf2Sha256("passphrase", "salt", 0, 32));
  EXPECT_FALSE(pbkdf2Sha256("passphrase", "salt", 1, 0));
}

// RFC 7636 appendix B.
TEST(CodeChallenge, PublishedValue) {
  EXPECT_EQ(codeChallengeS256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

}  // namespace
}  // namespace agw
