#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/fernet.hpp"
#include "crypto/key_ring.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

const std::string kSample = "wZq3t6v9y$B&E)H@McQfTjWnZr4u7x!A";
const std::string kSalt = "0123456789abcdef";
const std::string kPassphrase = "correct horse battery";

std::string newKey(std::uint64_t seed) {
  test::SeededRandom random(seed);
  return std::string(FernetKey::generate(random)->text().reveal());
}

std::string octetsAsKey(char octet) {
  return base64UrlEncode(std::string(32, octet), Padding::Required);
}

// F2
class FernetKeyRefuses : public testing::TestWithParam<std::string> {};
TEST_P(FernetKeyRefuses, WithTheCommandThatMakesAKey_AndWithoutTheValue) {
  const std::string& text = GetParam();
  const auto key = FernetKey::fromText(text);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, ErrorKind::BadOption);
  EXPECT_NE(key.error().message.find("auth-gateway generate-keys"), std::string::npos);
  if (!text.empty()) {
    EXPECT_EQ(key.error().message.find(text), std::string::npos);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Texts, FernetKeyRefuses,
    testing::Values("", "short", kSample, newKey(1) + "\n", " " + newKey(1), newKey(1).substr(0, 43),
                    newKey(1).substr(0, 43) + "A", newKey(1).substr(0, 42) + "==", std::string(44, 'A'),
                    std::string(43, '+') + "=", std::string(43, '/') + "=",
                    newKey(1).substr(0, 20) + " " + newKey(1).substr(21),
                    newKey(1).substr(0, 42) + "B=", octetsAsKey('\0'), octetsAsKey('\xff'), octetsAsKey('k'),
                    "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
                    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "\xC3\xA4" + newKey(1).substr(2)));

TEST(FernetKey, Generated_IsReadBackAsTheSame) {
  SystemRandom random;
  const auto made = FernetKey::generate(random);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->text().size(), 44U);
  const auto read = FernetKey::fromText(made->text().reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), made->text());
  EXPECT_EQ(read->fingerprint(), made->fingerprint());
}

TEST(FernetKey, Fingerprint_NamesAKeyAndIsNoPartOfIt) {
  const auto one = FernetKey::fromText(newKey(1));
  const auto two = FernetKey::fromText(newKey(2));
  EXPECT_EQ(one->fingerprint().size(), 8U);
  EXPECT_NE(one->fingerprint(), two->fingerprint());
  EXPECT_EQ(one->text().reveal().find(one->fingerprint()), std::string_view::npos);
}

// F3: computed with hashlib.pbkdf2_hmac and base64.urlsafe_b64encode of Python.
TEST(FernetKey, FromPassphrase_IsWhatPythonDerives) {
  struct Case {
    std::string passphrase, salt, key;
  };
  std::string counted;
  for (char octet = 0; octet < 16; ++octet) counted += octet;
  std::string longer = std::string(11, 'x');
  for (int round = 0; round < 40; ++round) longer += "yz";
  for (const auto& [passphrase, salt, key] :
       {Case{kPassphrase, kSalt, "FssUBfIHq1ETs6--tsrS0CyoyvbROnb1L9k-a0O-weE="},
        Case{"p\xC3\xA4ssphrase mit Umlaut", counted, "YwPy6qjcxIOSZGJz5YNRzXwsxE_vAW5rrx48TKBOpAA="},
        Case{longer, "a salt of more than sixteen octets", "VqzcF1WhICA2fnqCQvGKs_yqoeXDW_8RMuigo0tBLUE="}}) {
    const auto derived = FernetKey::fromPassphrase(passphrase, salt);
    ASSERT_TRUE(derived);
    EXPECT_EQ(derived->text().reveal(), key);
  }
}

TEST(FernetKey, WeakPassphraseOrSalt_IsRefused) {
  EXPECT_FALSE(FernetKey::fromPassphrase(kPassphrase, kSalt.substr(1)));
  EXPECT_FALSE(FernetKey::fromPassphrase("elevenchars", kSalt));
  EXPECT_FALSE(FernetKey::fromPassphrase("", kSalt));
  EXPECT_FALSE(FernetKey::fromPassphrase(std::string(40, 'x'), kSalt));
  EXPECT_FALSE(FernetKey::fromPassphrase(kSample, kSalt));
}

Result<std::vector<FernetKey>> ring(const std::string& first, const std::string& salt,
                                    const std::vector<std::string>& rotation = {}) {
  std::vector<Secret> secrets;
  for (const auto& text : rotation) secrets.emplace_back(text);
  return makeKeyRing(Secret(first), Secret(salt), secrets);
}

void expectRefused(const Result<std::vector<FernetKey>>& answer, const std::string& word) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::BadOption);
  EXPECT_NE(answer.error().message.find(word), std::string::npos) << answer.error().message;
}

TEST(KeyRing, Keys_KeepTheirOrder) {
  const auto answer = ring(newKey(1), "", {newKey(2), newKey(3)});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 3U);
  for (std::uint64_t at = 0; at < 3; ++at) EXPECT_EQ((*answer)[at].text().reveal(), newKey(at + 1));
}

TEST(KeyRing, PassphraseWithSalt_IsDerived_AndAnOlderKeyStaysUsable) {
  const auto answer = ring(kPassphrase, kSalt, {newKey(2), "an older passphrase"});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].text().reveal(), "FssUBfIHq1ETs6--tsrS0CyoyvbROnb1L9k-a0O-weE=");
  EXPECT_EQ((*answer)[1].text().reveal(), newKey(2));
  EXPECT_EQ((*answer)[2].text(), FernetKey::fromPassphrase("an older passphrase", kSalt)->text());
}

// F3
TEST(KeyRing, KeyWithSalt_IsRefused) {
  expectRefused(ring(newKey(1), kSalt), "KEY_SALT");
}
// F2
TEST(KeyRing, TextThatIsNoKeyWithoutSalt_NamesTheCommand) {
  expectRefused(ring(kPassphrase, ""), "generate-keys");
  expectRefused(ring(kSample, ""), "generate-keys");
  expectRefused(ring("", ""), "generate-keys");
}
TEST(KeyRing, PassphraseInTheRotationWithoutSalt_NamesTheEntry) {
  expectRefused(ring(newKey(1), "", {newKey(2), "an older passphrase"}),
                "AUTH_GATEWAY_ROTATION_KEYS, entry 2");
}
TEST(KeyRing, SameKeyTwice_IsRefused) {
  expectRefused(ring(newKey(1), "", {newKey(2), newKey(1)}), "entry 2");
  expectRefused(ring(kPassphrase, kSalt, {kPassphrase}), "entry 1");
  expectRefused(ring(kPassphrase, kSalt, {"FssUBfIHq1ETs6--tsrS0CyoyvbROnb1L9k-a0O-weE="}), "entry 1");
}
TEST(KeyRing, Refusals_DoNotShowWhatWasGiven) {
  const auto answer = ring("CANARY-is-no-key", "", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message.find("CANARY"), std::string::npos);
}

}  // namespace
}  // namespace agw
