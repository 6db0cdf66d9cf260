#include "crypto/jose.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "crypto/jwk.hpp"
#include "crypto/openssl.hpp"

namespace agw {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostToken = 64U << 10;
constexpr std::size_t kMostSubject = 255;  // OpenID Connect Core section 2
constexpr int kLeastRsaBits = 2048;

Error malformed(std::string message) {
  return Error{.kind = ErrorKind::Malformed, .message = std::move(message)};
}

Error wrongClaim(std::string_view name, std::string_view why) {
  return malformed("The id_token's " + std::string(name) + " " + std::string(why) + ".");
}

std::optional<std::string_view> text(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction. Nothing when it is no number or no sensible
/// time.
std::optional<TimePoint> time(const json::value& value) {
  constexpr double kMost = 1e11;  // seconds; past the year 5000
  boost::system::error_code failure;
  const auto seconds = value.is_number() ? value.to_number<double>(failure) : -1.0;
  if (failure || !(seconds >= 0 && seconds <= kMost)) return std::nullopt;
  return fromMillis(static_cast<std::int64_t>(seconds * 1000));
}

Result<json::object> decodeObject(std::string_view part) {
  const auto octets = base64UrlDecode(part);
  if (!octets) return malformed("The id_token is not base64url.");
  boost::system::error_code failure;
  auto value = json::parse(*octets, failure);
  if (failure || !value.is_object()) return malformed("The id_token is not made of JSON objects.");
  return std::move(value.get_object());
}

struct Parts {
  std::string_view header, claims, signature, signedText;
};

Result<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (token.size() > kMostToken || second == token.npos || token.find('.', second + 1) != token.npos) {
    return malformed("The id_token does not have three parts.");
  }
  return Parts{.header = token.substr(0, first),
               .claims = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signedText = token.substr(0, second)};
}

Result<void> checkSignature(const Parts& parts, std::string_view jwks) {
  const auto header = decodeObject(parts.header);
  if (!header) return header.error();
  const auto algorithm = jwsAlgorithm(text(*header, "alg").value_or(""));
  if (!algorithm) return malformed("The id_token is not signed with RS256, PS256 or ES256.");
  // An extension that the signer calls critical and we do not know (RFC 7515 section 4.1.11).
  if (header->contains("crit")) return malformed("The id_token wants an extension that is not supported.");
  const auto keyId = text(*header, "kid");
  if (!keyId && header->contains("kid")) return malformed("The id_token's key id is not text.");
  const auto signature = base64UrlDecode(parts.signature);
  if (!signature) return malformed("The id_token is not base64url.");
  return verifySignature(
      {.algorithm = *algorithm, .keyId = keyId, .text = parts.signedText, .signature = *signature}, jwks);
}

Result<void> checkAudience(const json::object& claims, const IdTokenExpectation& expected) {
  const auto& audience = expected.audience;
  const auto* value = claims.if_contains("aud");
  const auto* several = value == nullptr ? nullptr : value->if_array();
  const bool ours = several == nullptr ? text(claims, "aud") == audience
                                       : std::find(several->begin(), several->end(), json::value(audience)) !=
                                             several->end();
  if (!ours || audience.empty()) return wrongClaim("aud", "does not name this client");
  if (expected.securityEvent) return {};
  const bool partyNeeded = several != nullptr && several->size() > 1;
  if ((partyNeeded || claims.contains("azp")) && text(claims, "azp") != audience) {
    return wrongClaim("azp", "does not name this client");
  }
  return {};
}

Result<void> checkTimes(const json::object& claims, const IdTokenExpectation& expected, TimePoint now) {
  const auto leeway = expected.leeway;
  for (const std::string_view name : {"exp", "iat", "nbf"}) {
    const auto* value = claims.if_contains(name);
    const bool optional = name == "nbf" || (name == "exp" && expected.securityEvent);
    if (value == nullptr && optional) continue;
    const auto at = value == nullptr ? std::nullopt : time(*value);
    if (!at) return wrongClaim(name, "is missing or not a time");
    if (name == "exp" ? *at + leeway <= now : *at - leeway > now) {
      return wrongClaim(name, name == "exp" ? "has passed" : "is in the future");
    }
  }
  return {};
}

Result<void> checkClaims(const json::object& claims, const IdTokenExpectation& expected, TimePoint now) {
  const auto issuer = text(claims, "iss");
  const auto& known = expected.issuers;
  if (!issuer || std::find(known.begin(), known.end(), *issuer) == known.end()) {
    return wrongClaim("iss", "is not the expected issuer");
  }
  if (auto audience = checkAudience(claims, expected); !audience) return audience;
  if (auto times = checkTimes(claims, expected, now); !times) return times;
  if (expected.securityEvent) {
    const auto* events = claims.if_contains("events");
    if (events == nullptr || !events->is_object()) return wrongClaim("events", "is missing");
    return {};
  }
  const auto subject = text(claims, "sub");
  if (!subject || subject->empty() || subject->size() > kMostSubject) {
    return wrongClaim("sub", "is missing or too long");
  }
  if (!expected.nonce.empty() && !equalInConstantTime(text(claims, "nonce").value_or(""), expected.nonce)) {
    return wrongClaim("nonce", "is not the one that was sent");
  }
  return {};
}

// Without it OpenSSL would ask for a passphrase on the terminal.
int noPassphrase(char*, int, int, void*) {
  return 0;
}

Result<openssl::Key> readPrivateKey(const Secret& pem) {
  const openssl::Bio input(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
  openssl::require(input != nullptr);
  openssl::Key key(PEM_read_bio_PrivateKey(input.get(), nullptr, noPassphrase, nullptr));
  if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1 || EVP_PKEY_get_bits(key.get()) < kLeastRsaBits) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "The private key must be an unencrypted RSA key of at least 2048 bits, in PEM."};
  }
  return key;
}

std::string sign(EVP_PKEY* key, std::string_view message) {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  openssl::require(context && EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key,
                                                    nullptr) == 1);
  std::size_t size = 0;
  openssl::require(EVP_DigestSign(context.get(), nullptr, &size, openssl::octets(message), message.size()) ==
                   1);
  std::string signature(size, '\0');
  openssl::require(EVP_DigestSign(context.get(), openssl::octets(signature), &size, openssl::octets(message),
                                  message.size()) == 1);
  signature.resize(size);
  return signature;
}

}  // namespace

Result<json::object> verifyIdToken(std::string_view token, std::string_view jwks,
                                   const IdTokenExpectation& expected, TimePoint now) {
  const auto parts = split(token);
  if (!parts) return parts.error();
  if (auto signature = checkSignature(*parts, jwks); !signature) return std::move(signature).error();
  auto claims = decodeObject(parts->claims);
  if (!claims) return claims;
  if (auto checked = checkClaims(*claims, expected, now); !checked) return std::move(checked).error();
  return claims;
}

Result<void> checkRsaPrivateKey(const Secret& pem) {
  const openssl::ErrorsCleared cleared;
  const auto key = readPrivateKey(pem);
  if (!key) return key.error();
  return {};
}

Result<Secret> signRs256(const json::object& claims, const Secret& privateKeyPem) {
  const openssl::ErrorsCleared cleared;
  const auto key = readPrivateKey(privateKeyPem);
  if (!key) return key.error();
  std::string token =
      base64UrlEncode(R"({"alg":"RS256","typ":"JWT"})") + '.' + base64UrlEncode(json::serialize(claims));
  token += '.' + base64UrlEncode(sign(key->get(), token));
  return Secret(std::move(token));
}

}  // namespace agw
