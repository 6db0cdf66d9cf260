#include "certificate.hpp"

#include <Poco/Net/IPAddress.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "signing.hpp"

namespace sandbox {
namespace {

constexpr long kLife = 365L * 24 * 3600;
constexpr long kLeast = 24L * 3600;

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

std::string subjectNames(const std::vector<std::string>& hosts) {
  std::string names;
  for (const auto& host : hosts) {
    Poco::Net::IPAddress address;
    const bool numeric = Poco::Net::IPAddress::tryParse(host, address);
    names += (names.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + host;
  }
  return names;
}

void addExtension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) throw std::runtime_error("cannot make a certificate for " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate makeCertificate(EVP_PKEY* key, const std::vector<std::string>& hosts) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[8];
  if (RAND_bytes(serial, sizeof serial) != 1) throw std::runtime_error("the system gives no random numbers");
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLife);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("oauth-sandbox"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  addExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  addExtension(certificate.get(), NID_subject_alt_name, subjectNames(hosts));
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0)
    throw std::runtime_error("cannot sign the certificate");
  return certificate;
}

Certificate readCertificate(const std::filesystem::path& file) {
  std::FILE* in = std::fopen(file.c_str(), "r");
  if (in == nullptr) return nullptr;
  Certificate certificate(PEM_read_X509(in, nullptr, nullptr, nullptr));
  std::fclose(in);
  return certificate;
}

bool serves(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& hosts) {
  std::time_t soon = std::time(nullptr) + kLeast;
  if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) <= 0) return false;
  if (X509_check_private_key(certificate, key) != 1) return false;
  for (const auto& host : hosts) {
    if (X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) != 1 &&
        X509_check_ip_asc(certificate, host.c_str(), 0) != 1) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string certificatePem(EVP_PKEY* key, const std::vector<std::string>& hosts) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (PEM_write_bio_X509(out.get(), makeCertificate(key, hosts).get()) != 1) {
    throw std::runtime_error("cannot write a certificate");
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

CertificateFiles ensureCertificate(const std::filesystem::path& folder,
                                   const std::vector<std::string>& hosts) {
  CertificateFiles files{folder / "tls.crt", folder / "tls.key"};
  const PrivateKey key = loadOrMakeKey(files.key);
  if (const auto present = readCertificate(files.certificate);
      present && serves(present.get(), key.get(), hosts)) {
    return files;
  }
  const Certificate certificate = makeCertificate(key.get(), hosts);
  std::FILE* out = std::fopen(files.certificate.c_str(), "w");
  const bool written = out != nullptr && PEM_write_X509(out, certificate.get()) == 1;
  if (out != nullptr) std::fclose(out);
  if (!written) throw std::runtime_error("cannot write " + files.certificate.string());
  return files;
}

}  // namespace sandbox
