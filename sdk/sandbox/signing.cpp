#include "signing.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <cstdio>
#include <sstream>
#include <stdexcept>

#include "text.hpp"

namespace sandbox {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string publicNumber(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("cannot read the signing key");
  std::string octets(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(octets.data()));
  BN_free(number);
  return base64Url(octets);
}

Poco::JSON::Object::Ptr parsedObject(const std::string& text) {
  try {
    Poco::JSON::Parser parser;
    const auto parsed = parser.parse(text);
    if (parsed.type() == typeid(Poco::JSON::Object::Ptr)) return parsed.extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    // Not JSON.
  }
  return nullptr;
}

std::string compact(const Poco::JSON::Object& json) {
  std::ostringstream text;
  json.stringify(text);
  return base64Url(text.str());
}

}  // namespace

PrivateKey generateRsaKey() {
  PrivateKey key(EVP_RSA_gen(2048));
  if (!key) throw std::runtime_error("cannot make an RSA key");
  return key;
}

std::string rsaPem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (PEM_write_bio_PrivateKey_traditional(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::runtime_error("cannot write a key");
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

void writePrivateKey(const std::filesystem::path& file, EVP_PKEY* key) {
  const auto previous = ::umask(077);
  const File out(std::fopen(file.c_str(), "w"));
  ::umask(previous);
  if (!out || std::fputs(rsaPem(key).c_str(), out.get()) < 0) {
    throw std::runtime_error("cannot write " + file.string());
  }
}

Poco::JSON::Object::Ptr verifyJws(const std::string& jws, EVP_PKEY* key) {
  const auto first = jws.find('.');
  const auto second = jws.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) return nullptr;
  const auto header = parsedObject(base64UrlDecode(jws.substr(0, first)));
  if (header.isNull() || header->optValue<std::string>("alg", "") != "RS256") return nullptr;
  const std::string input = jws.substr(0, second);
  const std::string signature = base64UrlDecode(jws.substr(second + 1));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(input.data()),
                       input.size()) != 1) {
    return nullptr;
  }
  return parsedObject(base64UrlDecode(jws.substr(first + 1, second - first - 1)));
}

PrivateKey loadOrMakeKey(const std::filesystem::path& file) {
  if (file.empty()) return generateRsaKey();
  if (const File in(std::fopen(file.c_str(), "r")); in) {
    PrivateKey key(PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    if (key) return key;
  }
  PrivateKey key = generateRsaKey();
  writePrivateKey(file, key.get());
  return key;
}

Signer::Signer(PrivateKey key)
    : key_(std::move(key)),
      modulus_(publicNumber(key_.get(), OSSL_PKEY_PARAM_RSA_N)),
      exponent_(publicNumber(key_.get(), OSSL_PKEY_PARAM_RSA_E)) {
  keyId_ = hex(sha256(modulus_)).substr(0, 16);
}

std::string Signer::sign(const Poco::JSON::Object& claims) const {
  Poco::JSON::Object header;
  header.set("alg", "RS256");
  header.set("kid", keyId_);
  header.set("typ", "JWT");
  const std::string input = compact(header) + "." + compact(claims);

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* octets = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t length = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, octets, input.size()) != 1) {
    throw std::runtime_error("cannot sign");
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, octets,
                     input.size()) != 1) {
    throw std::runtime_error("cannot sign");
  }
  signature.resize(length);
  return input + "." + base64Url(signature);
}

Poco::JSON::Object Signer::keySet() const {
  Poco::JSON::Object key;
  key.set("kty", "RSA");
  key.set("use", "sig");
  key.set("alg", "RS256");
  key.set("kid", keyId_);
  key.set("n", modulus_);
  key.set("e", exponent_);
  Poco::JSON::Array keys;
  keys.add(key);
  Poco::JSON::Object set;
  set.set("keys", keys);
  return set;
}

}  // namespace sandbox
