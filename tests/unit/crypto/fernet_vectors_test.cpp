// F1: the published vectors of github.com/fernet/spec, unchanged in vectors/.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

#include "crypto/fernet.hpp"

namespace agw {
namespace {

namespace json = boost::json;

json::array vectors(const std::string& name) {
  std::ifstream file(std::string(AGW_TESTS_DIR) + "/unit/crypto/vectors/" + name + ".json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return json::parse(text).as_array();
}

std::string text(const json::value& vector, const char* name) {
  return std::string(vector.at(name).as_string());
}

/// `1985-10-26T01:20:00-07:00`
TimePoint moment(const std::string& rfc3339) {
  std::tm local{};
  int hours = 0;
  int minutes = 0;
  const char* rest = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
  if (rest == nullptr || std::sscanf(rest, "%3d:%2d", &hours, &minutes) != 2) {
    throw std::runtime_error("not a time: " + rfc3339);
  }
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(hours < 0 ? -minutes : minutes);
  return TimePoint(std::chrono::seconds(timegm(&local))) - offset;
}

/// The vectors' key is refused by `fromText`, as every published key is. This source gives its octets
/// instead.
class PublishedKey final : public Random {
 public:
  Result<std::string> bytes(std::size_t) override {
    return std::string(
        "\x73\x0f\xf4\xc7\xaf\x3d\x46\x92\x3e\x8e\xd4\x51\xee\x81\x3c\x87\xf7\x90\xb0\xa2\x26\xbc\x96\xa9\x2d"
        "\xe4\x9b\x5e\x9c\x05\xe1\xee",
        32);
  }
};

Fernet cipher(const json::value& vector) {
  PublishedKey source;
  auto key = FernetKey::generate(source);
  EXPECT_EQ(key->text().reveal(), text(vector, "secret"));
  return Fernet(*std::move(key));
}

Fernet::Age age(const json::value& vector) {
  return {.now = moment(text(vector, "now")), .ttl = std::chrono::seconds(vector.at("ttl_sec").as_int64())};
}

TEST(FernetVectors, Generate_GivesThePublishedToken) {
  const auto all = vectors("generate");
  ASSERT_EQ(all.size(), 1U);
  for (const auto& vector : all) {
    std::string iv;
    for (const auto& octet : vector.at("iv").as_array()) iv += static_cast<char>(octet.as_int64());
    const auto seconds = toMillis(moment(text(vector, "now"))) / 1000;
    EXPECT_EQ(cipher(vector).encryptWithIv(text(vector, "src"), seconds, iv), text(vector, "token"));
  }
}

TEST(FernetVectors, Verify_GivesThePublishedText) {
  const auto all = vectors("verify");
  ASSERT_EQ(all.size(), 1U);
  for (const auto& vector : all) {
    const auto opened = cipher(vector).decrypt(text(vector, "token"), age(vector));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->reveal(), text(vector, "src"));
  }
}

TEST(FernetVectors, Invalid_AllAreRefusedWithOneError) {
  const auto all = vectors("invalid");
  ASSERT_EQ(all.size(), 8U);
  for (const auto& vector : all) {
    const auto opened = cipher(vector).decrypt(text(vector, "token"), age(vector));
    ASSERT_FALSE(opened) << text(vector, "desc");
    EXPECT_EQ(opened.error().kind, ErrorKind::Integrity) << text(vector, "desc");
    EXPECT_EQ(opened.error().message, cipher(vector).decrypt("").error().message) << text(vector, "desc");
  }
}

TEST(FernetVectors, TheirKey_IsNoKeyForUs) {
  EXPECT_FALSE(FernetKey::fromText("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="));
}

}  // namespace
}  // namespace agw
