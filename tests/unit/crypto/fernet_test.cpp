#include "crypto/fernet.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;

class FernetTest : public testing::Test {
 protected:
  Fernet make(std::uint64_t seed = 7) {
    test::SeededRandom keys(seed);
    return Fernet(*FernetKey::generate(keys));
  }
  std::string seal(const Fernet& fernet, std::string text) {
    auto token = fernet.encrypt(Secret(std::move(text)), clock_.now(), random_);
    EXPECT_TRUE(token);
    return token ? *token : "";
  }

  test::FakeClock clock_;
  test::SeededRandom random_;
};

TEST_F(FernetTest, WhatWasEncrypted_ComesBack) {
  const Fernet fernet = make();
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 200U, 4096U, 1U << 20U}) {
    std::string text(size, '\0');
    for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * 7);
    const auto opened = fernet.decrypt(seal(fernet, text));
    ASSERT_TRUE(opened) << size;
    EXPECT_TRUE(opened->reveal() == text) << size;
  }
}

TEST_F(FernetTest, AnotherKey_IsRefused) {
  EXPECT_FALSE(make(8).decrypt(seal(make(7), "hello")));
}

// F9: whatever octet was changed, the answer is the same.
TEST_F(FernetTest, EveryFlippedOctet_IsRefusedAlike) {
  const Fernet fernet = make();
  const std::string octets = *base64UrlDecode(seal(fernet, "a secret of some length"), Padding::Required);
  const Error usual = fernet.decrypt("").error();
  EXPECT_EQ(usual.kind, ErrorKind::Integrity);
  EXPECT_EQ(usual.code, "integrity_error");
  for (std::size_t at = 0; at < octets.size(); ++at) {
    for (const unsigned bit : {1U, 0x80U}) {
      std::string changed = octets;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bit);
      const auto opened = fernet.decrypt(base64UrlEncode(changed, Padding::Required));
      ASSERT_FALSE(opened) << at;
      EXPECT_EQ(opened.error().kind, usual.kind);
      EXPECT_EQ(opened.error().code, usual.code);
      EXPECT_EQ(opened.error().message, usual.message);
      EXPECT_EQ(opened.error().detail, usual.detail);
    }
  }
}

TEST_F(FernetTest, EveryShorterToken_IsRefused) {
  const Fernet fernet = make();
  const std::string octets = *base64UrlDecode(seal(fernet, "hello"), Padding::Required);
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(fernet.decrypt(base64UrlEncode(octets.substr(0, size), Padding::Required))) << size;
  }
  EXPECT_FALSE(fernet.decrypt(base64UrlEncode(octets + "x", Padding::Required)));
}

// F1: one token has one spelling. Lenient decoders accept the first six of these.
TEST_F(FernetTest, OtherSpellingsOfAToken_AreRefused) {
  const Fernet fernet = make();
  std::string token;
  // Both characters that differ from the standard alphabet must occur, and the end must be padded.
  for (int round = 0;
       token.find('-') == token.npos || token.find('_') == token.npos || !token.ends_with("=="); ++round) {
    ASSERT_LT(round, 10'000);
    token = seal(fernet, std::string(static_cast<std::size_t>(round) % 48, 'x'));
  }
  ASSERT_TRUE(fernet.decrypt(token));
  std::string standard = token;
  for (char& c : standard) c = c == '-' ? '+' : c == '_' ? '/' : c;
  std::string loose = token;  // the low four bits of the last character mean nothing
  ++loose[loose.size() - 3];
  for (const std::string& other :
       {" " + token, token.substr(0, 20) + " " + token.substr(20), token + "\n",
        token.substr(0, 9) + "!" + token.substr(9), standard, token + "abcd", loose,
        token.substr(0, token.size() - 2), token.substr(0, token.size() - 1), token + "=",
        token + std::string(1, '\0'), "\t" + token, token + "\r\n"}) {
    EXPECT_FALSE(fernet.decrypt(other)) << other;
  }
}

// Signed with the right key, so that only the checks after the signature can refuse them.
TEST_F(FernetTest, WellSignedButMisshapen_IsRefused) {
  const Fernet fernet = make();
  const std::string key = *base64UrlDecode(fernet.key().text().reveal(), Padding::Required);
  const auto sign = [&](const std::string& body) {
    return base64UrlEncode(body + hmacSha256(key.substr(0, 16), body), Padding::Required);
  };
  const std::string octets = *base64UrlDecode(seal(fernet, "hello"), Padding::Required);
  const std::string body = octets.substr(0, octets.size() - 32);
  ASSERT_TRUE(fernet.decrypt(sign(body)));
  EXPECT_FALSE(fernet.decrypt(sign("\x81" + body.substr(1)))) << "version";
  EXPECT_FALSE(fernet.decrypt(sign(body.substr(0, 25)))) << "no ciphertext";
  EXPECT_FALSE(fernet.decrypt(sign(body.substr(0, 24) + body.substr(25)))) << "IV of 15 octets";
  EXPECT_FALSE(fernet.decrypt(sign(body + "0123456"))) << "part of a block";
  EXPECT_FALSE(fernet.decrypt(sign(body.substr(0, 25) + std::string(16, 'x')))) << "padding";
}

TEST_F(FernetTest, Age_OldAndFutureTokensFail) {
  const Fernet fernet = make();
  const std::string token = seal(fernet, "hello");
  const auto made = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const auto opens = [&](std::chrono::seconds later) {
    return fernet.decrypt(token, Fernet::Age{.now = made + later, .ttl = 60s}).ok();
  };
  EXPECT_TRUE(opens(0s));
  EXPECT_TRUE(opens(60s));
  EXPECT_FALSE(opens(61s));
  EXPECT_TRUE(opens(-60s));
  EXPECT_FALSE(opens(-61s));
  EXPECT_TRUE(fernet.decrypt(token)) << "without an age nothing expires";
}

// F8
TEST_F(FernetTest, SystemRandom_NeverRepeatsAnIv) {
  const Fernet fernet = make();
  SystemRandom random;
  const Secret secret(std::string("x"));
  std::set<std::string> seen;
  for (int round = 0; round < 100'000; ++round) {
    const auto token = fernet.encrypt(secret, clock_.now(), random);
    ASSERT_TRUE(token);
    ASSERT_TRUE(seen.insert(token->substr(12, 22)).second) << "octets 9 to 25 hold the IV";
  }
}

// F8
TEST_F(FernetTest, NoRandomNumbers_NoToken) {
  const Fernet fernet = make();
  random_.broken = true;
  const auto token = fernet.encrypt(Secret(std::string("x")), clock_.now(), random_);
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().kind, ErrorKind::Bug);
  EXPECT_FALSE(FernetKey::generate(random_));
}

TEST_F(FernetTest, ManyThreads_EachGetTheirOwnText) {
  const Fernet fernet = make();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      SystemRandom random;
      for (int round = 0; round < 500; ++round) {
        const std::string text = "worker " + std::to_string(worker) + " round " + std::to_string(round);
        const auto token = fernet.encrypt(Secret(text), clock_.now(), random);
        if (!token || fernet.decrypt(*token)->reveal() != text) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace agw
