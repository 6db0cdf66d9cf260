#include "crypto/jose.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "crypto/hash.hpp"
#include "signing_keys.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test::SigningKey;

const TimePoint kNow = fromMillis(1'767'225'600'000);
const std::int64_t kSeconds = toMillis(kNow) / 1000;

const SigningKey& rsa() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}
const SigningKey& otherRsa() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}
const SigningKey& elliptic() {
  static const SigningKey key = SigningKey::elliptic();
  return key;
}

json::object goodClaims() {
  return {{"iss", "https://id.example"}, {"aud", "our-client"}, {"sub", "1234"},
          {"exp", kSeconds + 600},       {"iat", kSeconds - 5}, {"nonce", "n-0S6"},
          {"email", "alice@x.com"}};
}

std::string head(const std::string& header, const json::object& claims) {
  return base64UrlEncode(header) + "." + base64UrlEncode(json::serialize(claims));
}
std::string make(const std::string& header, const json::object& claims, const SigningKey& key,
                 bool pss = false) {
  const std::string signedText = head(header, claims);
  return signedText + "." + base64UrlEncode(key.sign(signedText, pss));
}

std::string set(const std::string& keys) {
  return R"({"keys":[)" + keys + "]}";
}
std::string entry(const SigningKey& key, const std::string& kid, const std::string& more = "") {
  return "{" + key.jwk() + R"(,"kid":")" + kid + '"' + more + "}";
}
std::string providerKeys() {
  return set(entry(otherRsa(), "old") + "," + entry(rsa(), "rsa", R"(,"use":"sig","alg":"RS256")") + "," +
             entry(rsa(), "pss") + "," + entry(elliptic(), "ec"));
}

IdTokenExpectation expectation() {
  return {.issuers = {"https://id.example", "id.example"}, .audience = "our-client", .nonce = "n-0S6"};
}

Result<json::object> verify(const std::string& token, const std::string& jwks = providerKeys()) {
  return verifyIdToken(token, jwks, expectation(), kNow);
}

const std::string kRs256 = R"({"alg":"RS256","kid":"rsa"})";

TEST(IdToken, EachAllowedAlgorithm_GivesTheClaims) {
  for (const auto& token : {make(kRs256, goodClaims(), rsa()),
                            make(R"({"alg":"PS256","kid":"pss","typ":"JWT"})", goodClaims(), rsa(), true),
                            make(R"({"alg":"ES256","kid":"ec"})", goodClaims(), elliptic())}) {
    const auto claims = verify(token);
    ASSERT_TRUE(claims) << claims.error().message;
    EXPECT_EQ(claims->at("email"), "alice@x.com");
  }
}

TEST(IdToken, NoKeyId_TheOnlyFittingKeyIsUsed) {
  const auto jwks = set(entry(elliptic(), "ec") + "," + entry(rsa(), "rsa") + "," +
                        entry(otherRsa(), "enc", R"(,"use":"enc")"));
  EXPECT_TRUE(verify(make(R"({"alg":"RS256"})", goodClaims(), rsa()), jwks));
  EXPECT_FALSE(verify(make(R"({"alg":"RS256"})", goodClaims(), rsa()))) << "several would fit";
}

TEST(IdToken, UnknownKeyId_IsNotFoundSoThatTheSetIsFetchedAnew) {
  const auto unknown = verify(make(R"({"alg":"RS256","kid":"new"})", goodClaims(), rsa()));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(verify(make(kRs256, goodClaims(), rsa()), set("")).error().kind, ErrorKind::NotFound);
}

TEST(IdToken, TimesWithinTheLeeway_AreAccepted) {
  auto claims = goodClaims();
  claims["exp"] = kSeconds - 59;
  claims["iat"] = kSeconds + 60;
  claims["nbf"] = static_cast<double>(kSeconds) + 59.5;
  EXPECT_TRUE(verify(make(kRs256, claims, rsa())));
}

TEST(IdToken, SeveralAudiences_NeedUsAsTheParty) {
  auto claims = goodClaims();
  claims["aud"] = json::array{"our-client"};
  EXPECT_TRUE(verify(make(kRs256, claims, rsa())));
  claims["aud"] = json::array{"other", "our-client"};
  EXPECT_FALSE(verify(make(kRs256, claims, rsa())));
  claims["azp"] = "our-client";
  EXPECT_TRUE(verify(make(kRs256, claims, rsa())));
}

TEST(IdToken, NoNonceSent_NoneIsCompared) {
  auto expected = expectation();
  expected.nonce.clear();
  auto claims = goodClaims();
  claims.erase("nonce");
  EXPECT_TRUE(verifyIdToken(make(kRs256, claims, rsa()), providerKeys(), expected, kNow));
}

// A11: tokens that are right but for one thing.
struct Broken {
  std::string name;
  std::function<std::string()> token;
};
void PrintTo(const Broken& broken, std::ostream* out) {
  *out << broken.name;
}

Broken claim(const std::string& name, const std::string& key, const json::value& value) {
  return {name, [=] {
            auto claims = goodClaims();
            if (value.is_null()) {
              claims.erase(key);
            } else {
              claims[key] = value;
            }
            return make(kRs256, claims, rsa());
          }};
}
Broken header(const std::string& name, const std::string& text, bool pss = false) {
  return {name, [=] { return make(text, goodClaims(), rsa(), pss); }};
}
Broken changed(const std::string& name, const std::function<std::string(std::string)>& change) {
  return {name, [=] { return change(make(kRs256, goodClaims(), rsa())); }};
}

class BrokenIdToken : public testing::TestWithParam<Broken> {};
TEST_P(BrokenIdToken, IsMalformed) {
  const auto claims = verify(GetParam().token());
  ASSERT_FALSE(claims);
  EXPECT_EQ(claims.error().kind, ErrorKind::Malformed) << claims.error().message;
  EXPECT_EQ(claims.error().message.find("alice"), std::string::npos);
}

const std::string kNone = base64UrlEncode(R"({"alg":"none"})");
INSTANTIATE_TEST_SUITE_P(
    Claims, BrokenIdToken,
    testing::Values(claim("issuer", "iss", "https://evil.example"),
                    claim("issuer_slash", "iss", "https://id.example/"), claim("no_issuer", "iss", nullptr),
                    claim("issuer_list", "iss", json::array{"https://id.example"}),
                    claim("audience", "aud", "other"), claim("no_audience", "aud", nullptr),
                    claim("audience_list", "aud", json::array{"other"}),
                    claim("audience_none", "aud", json::array{}),
                    claim("audience_prefix", "aud", "our-client-2"), claim("party", "azp", "other"),
                    claim("expired", "exp", kSeconds - 60), claim("no_expiry", "exp", nullptr),
                    claim("expiry_text", "exp", json::string(std::to_string(kSeconds + 600))),
                    claim("expiry_huge", "exp", 1e300), claim("expiry_negative", "exp", -1),
                    claim("issued_later", "iat", kSeconds + 61), claim("no_issue_time", "iat", nullptr),
                    claim("not_before", "nbf", kSeconds + 61), claim("not_before_text", "nbf", "now"),
                    claim("nonce", "nonce", "other"), claim("no_nonce", "nonce", nullptr),
                    claim("nonce_number", "nonce", 5), claim("no_subject", "sub", nullptr),
                    claim("empty_subject", "sub", ""), claim("long_subject", "sub", json::string(256, 's'))),
    [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(
    Signature, BrokenIdToken,
    testing::Values(
        Broken{"none", [] { return kNone + "." + base64UrlEncode(json::serialize(goodClaims())) + "."; }},
        header("none_signed", R"({"alg":"none","kid":"rsa"})"), header("no_algorithm", R"({"kid":"rsa"})"),
        header("algorithm_case", R"({"alg":"rs256","kid":"rsa"})"),
        header("rs512", R"({"alg":"RS512","kid":"rsa"})"),
        header("critical", R"({"alg":"RS256","kid":"rsa","crit":["exp"]})"),
        header("key_id_number", R"({"alg":"RS256","kid":1})"),
        header("key_of_other_type", R"({"alg":"RS256","kid":"ec"})"),
        header("key_for_other_algorithm", R"({"alg":"PS256","kid":"rsa"})", true),
        header("signed_by_other_key", R"({"alg":"RS256","kid":"old"})"),
        header("pss_called_pkcs1", R"({"alg":"RS256","kid":"pss"})", true), header("not_json", "alg=RS256"),
        header("header_list", R"(["RS256"])"),
        // RFC 7518 section 3.5 fixes the salt to the length of the hash.
        Broken{"pss_other_salt",
               [] {
                 const auto text = head(R"({"alg":"PS256","kid":"pss"})", goodClaims());
                 return text + "." + base64UrlEncode(rsa().sign(text, true, 20));
               }},
        // The public key as an HMAC secret: the classic confusion.
        Broken{"hmac_with_public_key",
               [] {
                 const auto text = head(R"({"alg":"HS256","kid":"rsa"})", goodClaims());
                 return text + "." + base64UrlEncode(hmacSha256(rsa().publicPem().reveal(), text));
               }},
        Broken{"ecdsa_in_der_length",
               [] { return make(R"({"alg":"ES256","kid":"ec"})", goodClaims(), rsa()); }},
        Broken{"ecdsa_zeros",
               [] {
                 return head(R"({"alg":"ES256","kid":"ec"})", goodClaims()) + "." +
                        base64UrlEncode(std::string(64, '\0'));
               }},
        changed("other_claims",
                [](const std::string& token) {
                  auto claims = goodClaims();
                  claims["sub"] = "somebody else";
                  return head(kRs256, claims) + token.substr(token.rfind('.'));
                }),
        changed("no_signature",
                [](const std::string& token) { return token.substr(0, token.rfind('.') + 1); }),
        changed("two_parts", [](const std::string& token) { return token.substr(0, token.rfind('.')); }),
        changed("four_parts", [](const std::string& token) { return token + ".x"; }),
        changed("padded", [](const std::string& token) { return token + "=="; }),
        changed("white_space", [](const std::string& token) { return token + "\n"; }),
        changed("too_long", [](const std::string& token) { return token + std::string(70'000, 'A'); }),
        Broken{"empty", [] { return std::string(); }}),
    [](const auto& each) { return each.param.name; });

class BrokenKeySet : public testing::TestWithParam<std::string> {};
TEST_P(BrokenKeySet, IsMalformed) {
  const auto claims = verify(make(kRs256, goodClaims(), rsa()), GetParam());
  ASSERT_FALSE(claims);
  EXPECT_EQ(claims.error().kind, ErrorKind::Malformed) << claims.error().message;
}
INSTANTIATE_TEST_SUITE_P(
    Sets, BrokenKeySet,
    testing::Values("", "[]", "<html>", R"({"keys":{}})", R"({"keys":)", std::string(300'000, ' '),
                    set(entry(rsa(), "rsa") + "," + entry(rsa(), "rsa")),
                    set(entry(SigningKey::rsa(1024), "rsa")), set(R"({"kty":"RSA","kid":"rsa"})"),
                    set(R"({"kty":"RSA","kid":"rsa","n":"!","e":"AQAB"})"),
                    set(R"({"kty":"RSA","kid":"rsa","n":7,"e":[]})"),
                    set(R"({"kty":"RSA","kid":"rsa","e":"AQAB","n":")" + std::string(100'000, 'x') + "\"}"),
                    set(entry(rsa(), "rsa", R"(,"use":"enc")")),
                    set(entry(rsa(), "rsa", R"(,"alg":"PS256")")),
                    set(entry(rsa(), "rsa", R"(,"key_ops":["encrypt"])"))));

TEST(KeySet, PointOffTheCurve_IsRefused) {
  const auto point = base64UrlEncode(std::string(32, 'p'));
  const auto jwks =
      set(R"({"kty":"EC","crv":"P-256","kid":"ec","x":")" + point + R"(","y":")" + point + "\"}");
  EXPECT_FALSE(verify(make(R"({"alg":"ES256","kid":"ec"})", goodClaims(), elliptic()), jwks));
}

TEST(KeySet, EntriesThatAreNoKeys_DoNotHideTheRightOne) {
  EXPECT_TRUE(verify(make(kRs256, goodClaims(), rsa()),
                     set(R"(7,null,{"kty":"oct","kid":"x","k":"c2VjcmV0"},)" + entry(rsa(), "rsa"))));
}

json::object goodEvent() {
  return {{"iss", "https://id.example"},
          {"aud", json::array{"another-client", "our-client"}},
          {"iat", kSeconds - 5},
          {"events", json::object{{"https://schemas.example/tokens-revoked", json::object()}}}};
}
Result<json::object> verifyEvent(const json::object& claims) {
  return verifyIdToken(
      make(R"({"alg":"RS256","kid":"rsa"})", claims, rsa()), providerKeys(),
      {.issuers = {"https://id.example"}, .audience = "our-client", .nonce = "", .securityEvent = true},
      kNow);
}

TEST(SecurityEventToken, WithoutExpiryAndSubject_GivesTheClaims) {
  const auto claims = verifyEvent(goodEvent());
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  EXPECT_TRUE(claims->contains("events"));
}
TEST(SecurityEventToken, IdTokenInItsPlace_IsMalformed) {
  EXPECT_FALSE(verifyEvent(goodClaims()).ok());
}
TEST(SecurityEventToken, InThePlaceOfAnIdToken_IsMalformed) {
  auto claims = goodEvent();
  claims["aud"] = "our-client";
  claims["sub"] = "1234";
  EXPECT_FALSE(verifyIdToken(make(R"({"alg":"RS256","kid":"rsa"})", claims, rsa()), providerKeys(),
                             {.issuers = {"https://id.example"}, .audience = "our-client", .nonce = ""}, kNow)
                   .ok());
}
TEST(SecurityEventToken, OfAnotherClientOrFromTheFuture_IsMalformed) {
  auto foreign = goodEvent();
  foreign["aud"] = "another-client";
  EXPECT_FALSE(verifyEvent(foreign).ok());
  auto early = goodEvent();
  early["iat"] = kSeconds + 600;
  EXPECT_FALSE(verifyEvent(early).ok());
  auto past = goodEvent();
  past["exp"] = kSeconds - 600;
  EXPECT_FALSE(verifyEvent(past).ok());
}

TEST(SignRs256, WhatWeSign_CanBeVerified) {
  const auto token = signRs256(goodClaims(), rsa().pem());
  ASSERT_TRUE(token);
  const auto claims = verify(std::string(token->reveal()), set(entry(rsa(), "any")));
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(*claims, goodClaims());
}

TEST(SignRs256, UnfitKeys_AreTheOperatorsFault) {
  for (const Secret& pem : {Secret{}, Secret(std::string("no key")), SigningKey::rsa(1024).pem(),
                            elliptic().pem(), rsa().publicPem(), rsa().pem("passphrase")}) {
    const auto token = signRs256(goodClaims(), pem);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, ErrorKind::BadOption);
  }
}

}  // namespace
}  // namespace agw
