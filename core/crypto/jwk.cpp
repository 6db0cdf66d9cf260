#include "crypto/jwk.hpp"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <boost/json/parse.hpp>

#include "base/encoding.hpp"
#include "crypto/openssl.hpp"

namespace agw {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostJwks = 256U << 10;
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 16384;  // a longer one is an attempt to keep us busy
constexpr std::size_t kP256Size = 32;

Error malformed(std::string message) {
  return Error{.kind = ErrorKind::Malformed, .message = std::move(message)};
}

std::optional<std::string_view> text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

/// Whether a member that narrows the key's use is absent or says what we need.
bool allows(const json::object& jwk, std::string_view name, std::string_view needed) {
  return !jwk.contains(name) || text(jwk, name) == needed;
}

bool mayVerify(const json::object& jwk) {
  const auto* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return true;
  if (!operations->is_array()) return false;
  for (const auto& operation : operations->get_array()) {
    if (operation == "verify") return true;
  }
  return false;
}

std::string_view name(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::Rs256:
      return "RS256";
    case JwsAlgorithm::Ps256:
      return "PS256";
    case JwsAlgorithm::Es256:
      return "ES256";
  }
  return {};
}

bool fits(const json::object& jwk, JwsAlgorithm algorithm) {
  const bool elliptic = algorithm == JwsAlgorithm::Es256;
  return text(jwk, "kty") == (elliptic ? "EC" : "RSA") && allows(jwk, "use", "sig") &&
         allows(jwk, "alg", name(algorithm)) && mayVerify(jwk) && (!elliptic || text(jwk, "crv") == "P-256");
}

Result<const json::object*> select(const json::array& keys, const SignedText& token) {
  const json::object* chosen = nullptr;
  bool known = false;
  for (const auto& entry : keys) {
    const auto* jwk = entry.if_object();
    if (jwk == nullptr || (token.keyId && text(*jwk, "kid") != token.keyId)) continue;
    known = true;
    if (!fits(*jwk, token.algorithm)) continue;
    if (chosen != nullptr) return malformed("The id_token's key id fits more than one key of the provider.");
    chosen = jwk;
  }
  if (chosen != nullptr) return chosen;
  if (known && token.keyId) return malformed("The id_token's key is not for its algorithm.");
  return Error{.kind = ErrorKind::NotFound,
               .message = "The provider's key set has no key for this id_token."};
}

openssl::BigNumber number(std::string_view octets) {
  return openssl::BigNumber(BN_bin2bn(openssl::octets(octets), static_cast<int>(octets.size()), nullptr));
}

openssl::Key build(const char* type, const openssl::ParamBuilder& builder) {
  const openssl::Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return openssl::Key(key);
}

openssl::Key rsaKey(const json::object& jwk) {
  const auto modulus = base64UrlDecode(text(jwk, "n").value_or(""));
  const auto exponent = base64UrlDecode(text(jwk, "e").value_or(""));
  if (!modulus || !exponent || modulus->size() > kMostRsaBits / 8 || exponent->size() > 8) return nullptr;
  const auto n = number(*modulus);
  const auto e = number(*exponent);
  if (!n || !e || BN_num_bits(n.get()) < kLeastRsaBits || BN_is_odd(e.get()) == 0 ||
      BN_is_one(e.get()) == 1) {
    return nullptr;
  }
  const openssl::ParamBuilder builder(OSSL_PARAM_BLD_new());
  openssl::require(builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                   OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  return build("RSA", builder);
}

openssl::Key p256Key(const json::object& jwk) {
  const auto x = base64UrlDecode(text(jwk, "x").value_or(""));
  const auto y = base64UrlDecode(text(jwk, "y").value_or(""));
  if (!x || !y || x->size() != kP256Size || y->size() != kP256Size) return nullptr;
  const std::string point = "\x04" + *x + *y;  // uncompressed, SEC 1 section 2.3.3; OpenSSL checks the curve
  const openssl::ParamBuilder builder(OSSL_PARAM_BLD_new());
  openssl::require(
      builder &&
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) ==
          1);
  return build("EC", builder);
}

/// A JWS carries r and s side by side (RFC 7518 section 3.4), OpenSSL wants them in DER.
std::optional<std::string> ecdsaDer(std::string_view signature) {
  if (signature.size() != 2 * kP256Size) return std::nullopt;
  auto r = number(signature.substr(0, kP256Size));
  auto s = number(signature.substr(kP256Size));
  const openssl::EcdsaSignature pair(ECDSA_SIG_new());
  openssl::require(r && s && pair);
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  static_cast<void>(r.release());  // the pair owns them now
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return std::nullopt;
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* to = openssl::octets(der);
  i2d_ECDSA_SIG(pair.get(), &to);
  return der;
}

bool usePss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool verifies(EVP_PKEY* key, JwsAlgorithm algorithm, std::string_view message, std::string_view signature) {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  openssl::require(context != nullptr);
  EVP_PKEY_CTX* options = nullptr;  // the digest context's
  if (EVP_DigestVerifyInit_ex(context.get(), &options, "SHA256", nullptr, nullptr, key, nullptr) != 1)
    return false;
  if (algorithm == JwsAlgorithm::Ps256 && !usePss(options)) return false;
  return EVP_DigestVerify(context.get(), openssl::octets(signature), signature.size(),
                          openssl::octets(message), message.size()) == 1;
}

}  // namespace

std::optional<JwsAlgorithm> jwsAlgorithm(std::string_view wanted) {
  for (const auto algorithm : {JwsAlgorithm::Rs256, JwsAlgorithm::Ps256, JwsAlgorithm::Es256}) {
    if (wanted == name(algorithm)) return algorithm;
  }
  return std::nullopt;
}

Result<void> verifySignature(const SignedText& token, std::string_view jwks) {
  const openssl::ErrorsCleared cleared;
  boost::system::error_code failure;
  const json::value set = jwks.size() > kMostJwks ? json::value() : json::parse(jwks, failure);
  const auto* object = failure ? nullptr : set.if_object();
  const auto* keys = object == nullptr ? nullptr : object->if_contains("keys");
  if (keys == nullptr || !keys->is_array()) return malformed("The provider's key set is not a JWK set.");

  const auto jwk = select(keys->get_array(), token);
  if (!jwk) return jwk.error();
  const bool elliptic = token.algorithm == JwsAlgorithm::Es256;
  const openssl::Key key = elliptic ? p256Key(**jwk) : rsaKey(**jwk);
  if (!key) return malformed("The provider's key for this id_token is not usable.");
  const auto signature = elliptic ? ecdsaDer(token.signature) : std::string(token.signature);
  if (!signature || !verifies(key.get(), token.algorithm, token.text, *signature)) {
    return malformed("The id_token's signature is wrong.");
  }
  return {};
}

}  // namespace agw
