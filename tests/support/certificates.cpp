#include "support/certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace agw::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void check(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refused a step of the test");
}

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, Free> memory(BIO_new(BIO_s_mem()));
  check(write(memory.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void addExtension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate blank(EVP_PKEY* key, const char* commonName, std::chrono::seconds life) {
  constexpr long kYesterday = -24L * 3600;
  static long serial = 1;
  Certificate certificate(X509_new());
  check(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), kYesterday);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kYesterday + static_cast<long>(life.count()));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(commonName), -1, -1, 0) == 1 &&
        X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

}  // namespace

struct Authority::Parts {
  Key key;
  Certificate certificate;
};

Authority::Authority() : parts_(std::make_unique<Parts>()) {
  parts_->key.reset(EVP_EC_gen("P-256"));
  parts_->certificate = blank(parts_->key.get(), "A test's authority", std::chrono::hours(48));
  X509* own = parts_->certificate.get();
  check(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1);
  addExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  addExtension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  check(X509_sign(own, parts_->key.get(), EVP_sha256()) > 0);
}

Authority::~Authority() = default;

std::string Authority::certificate() const {
  return pem([&](BIO* to) { return PEM_write_bio_X509(to, parts_->certificate.get()); });
}

TlsIdentity Authority::issue(const std::string& names, std::chrono::hours life) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = blank(key.get(), "A test's server", life);
  check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(parts_->certificate.get())) == 1);
  addExtension(certificate.get(), parts_->certificate.get(), NID_subject_alt_name, names);
  check(X509_sign(certificate.get(), parts_->key.get(), EVP_sha256()) > 0);
  return {.certificate = pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate.get()); }),
          .key = pem([&](BIO* to) {
            return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

TemporaryFile::TemporaryFile(std::string_view content)
    : path_((std::filesystem::temp_directory_path() / "agw-test-XXXXXX").string()) {
  const int file = mkstemp(path_.data());
  if (file < 0) throw std::runtime_error("no temporary file");
  close(file);
  std::ofstream(path_, std::ios::binary) << content;
}

TemporaryFile::~TemporaryFile() {
  unlink(path_.c_str());
}

}  // namespace agw::test
