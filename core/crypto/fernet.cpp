#include "crypto/fernet.hpp"

#include <openssl/core_names.h>

#include <array>
#include <cassert>
#include <mutex>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/openssl.hpp"

// A token is base64url, padded, of: version 0x80 | seconds since 1970, 64 bits big-endian | IV, 16 |
// ciphertext, 16 or more | HMAC-SHA256 of all before it, 32.
namespace agw {
namespace {

constexpr char kVersion = '\x80';
constexpr std::size_t kHalf = 16;  // of the key
constexpr std::size_t kTimeAt = 1;
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kIvAt = kTimeAt + kTimeSize;
constexpr std::size_t kBlock = 16;  // AES block and IV
constexpr std::size_t kHeader = kIvAt + kBlock;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kLeastSize = kHeader + kBlock + kMacSize;
constexpr std::uint64_t kClockSkew = 60;
// OpenSSL counts octets in int. Nothing that is sealed comes near.
constexpr std::size_t kMostPlaintext = std::size_t{1} << 30;

// One thread's working set: key schedules and HMAC pads are computed when it is made, a call only resets it.
class Contexts {
 public:
  explicit Contexts(std::string_view key)
      : mac_(EVP_MAC_CTX_new(macAlgorithm())), seal_(EVP_CIPHER_CTX_new()), open_(EVP_CIPHER_CTX_new()) {
    openssl::require(mac_ && seal_ && open_);
    std::string digest = "SHA256";
    const std::array params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_end()};
    const unsigned char* encryptionKey = openssl::octets(key) + kHalf;
    openssl::require(
        EVP_MAC_init(mac_.get(), openssl::octets(key), kHalf, params.data()) == 1 &&
        EVP_EncryptInit_ex2(seal_.get(), cipherAlgorithm(), encryptionKey, nullptr, nullptr) == 1 &&
        EVP_DecryptInit_ex2(open_.get(), cipherAlgorithm(), encryptionKey, nullptr, nullptr) == 1);
  }

  std::array<char, kMacSize> authenticate(std::string_view text) {
    std::array<char, kMacSize> code{};
    std::size_t size = 0;
    openssl::require(
        EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
        EVP_MAC_update(mac_.get(), openssl::octets(text), text.size()) == 1 &&
        EVP_MAC_final(mac_.get(), reinterpret_cast<unsigned char*>(code.data()), &size, code.size()) == 1);
    return code;
  }

  void encrypt(std::string_view plaintext, std::string_view iv, std::string& to) {
    const std::size_t at = to.size();
    to.resize(at + plaintext.size() + kBlock);
    int size = 0;
    int rest = 0;
    openssl::require(EVP_EncryptInit_ex2(seal_.get(), nullptr, nullptr, openssl::octets(iv), nullptr) == 1 &&
                     EVP_EncryptUpdate(seal_.get(), openssl::octets(to) + at, &size,
                                       openssl::octets(plaintext), static_cast<int>(plaintext.size())) == 1 &&
                     EVP_EncryptFinal_ex(seal_.get(), openssl::octets(to) + at + size, &rest) == 1);
    to.resize(at + static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  }

  /// Nothing when the padding is wrong.
  std::optional<Secret> decrypt(std::string_view ciphertext, std::string_view iv) {
    std::string plaintext(ciphertext.size() + kBlock, '\0');
    int size = 0;
    int rest = 0;
    openssl::require(EVP_DecryptInit_ex2(open_.get(), nullptr, nullptr, openssl::octets(iv), nullptr) == 1 &&
                     EVP_DecryptUpdate(open_.get(), openssl::octets(plaintext), &size,
                                       openssl::octets(ciphertext),
                                       static_cast<int>(ciphertext.size())) == 1);
    if (EVP_DecryptFinal_ex(open_.get(), openssl::octets(plaintext) + size, &rest) != 1) {
      wipe(plaintext);
      ERR_clear_error();
      return std::nullopt;
    }
    plaintext.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
    return Secret(std::move(plaintext));
  }

 private:
  static EVP_MAC* macAlgorithm() {
    static const openssl::Mac mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    openssl::require(mac != nullptr);
    return mac.get();
  }
  static const EVP_CIPHER* cipherAlgorithm() {
    static const openssl::Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr));
    openssl::require(cipher != nullptr);
    return cipher.get();
  }

  openssl::MacContext mac_;
  openssl::CipherContext seal_;
  openssl::CipherContext open_;
};

Error unreadable() {
  return Error{.kind = ErrorKind::Integrity,
               .message = "A stored secret cannot be read: it was changed, or made with another key.",
               .code = "integrity_error"};
}

std::string bigEndian(std::uint64_t number) {
  std::string octets(kTimeSize, '\0');
  for (std::size_t at = kTimeSize; at-- > 0; number >>= 8U) octets[at] = static_cast<char>(number & 255U);
  return octets;
}

std::uint64_t fromBigEndian(std::string_view octets) {
  std::uint64_t number = 0;
  for (const char octet : octets) number = number << 8U | static_cast<unsigned char>(octet);
  return number;
}

std::int64_t wholeSeconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

bool timely(std::uint64_t made, const Fernet::Age& age) {
  const auto now = static_cast<std::uint64_t>(wholeSeconds(age.now));
  if (made > now) return made - now <= kClockSkew;
  return now - made <= static_cast<std::uint64_t>(age.ttl.count());
}

}  // namespace

struct Fernet::Cipher {
  explicit Cipher(FernetKey used) : key(std::move(used)) {}

  /// Runs `work` with contexts that no other thread uses meanwhile.
  template <class Work>
  auto with(Work work) {
    std::unique_ptr<Contexts> mine = take();
    auto answer = work(*mine);
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(mine));
    return answer;
  }

  std::unique_ptr<Contexts> take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto last = std::move(idle.back());
        idle.pop_back();
        return last;
      }
    }
    return std::make_unique<Contexts>(key.octets_.reveal());
  }

  FernetKey key;
  std::mutex mutex;
  std::vector<std::unique_ptr<Contexts>> idle;  // as many as there were threads at once
};

Fernet::Fernet(FernetKey key) : cipher_(std::make_unique<Cipher>(std::move(key))) {}
Fernet::~Fernet() = default;
Fernet::Fernet(Fernet&&) noexcept = default;
Fernet& Fernet::operator=(Fernet&&) noexcept = default;

const FernetKey& Fernet::key() const {
  return cipher_->key;
}

Result<std::string> Fernet::encrypt(const Secret& plaintext, TimePoint now, Random& random) const {
  if (plaintext.size() > kMostPlaintext) {
    return Error{.kind = ErrorKind::Bug, .message = "A secret is too long to be encrypted."};
  }
  const auto iv = random.bytes(kBlock);
  if (!iv) return iv.error();
  return encryptWithIv(plaintext.reveal(), wholeSeconds(now), *iv);
}

std::string Fernet::encryptWithIv(std::string_view plaintext, std::int64_t seconds,
                                  std::string_view iv) const {
  assert(iv.size() == kBlock && plaintext.size() <= kMostPlaintext);
  std::string token;
  token.reserve(kHeader + plaintext.size() + kBlock + kMacSize);
  token += kVersion;
  token += bigEndian(static_cast<std::uint64_t>(seconds));
  token += iv;
  return cipher_->with([&](Contexts& contexts) {
    contexts.encrypt(plaintext, iv, token);
    const auto mac = contexts.authenticate(token);
    token.append(mac.data(), mac.size());
    return base64UrlEncode(token, Padding::Required);
  });
}

Result<Secret> Fernet::decrypt(std::string_view token, std::optional<Age> age) const {
  const auto octets = base64UrlDecode(token, Padding::Required);
  if (!octets || octets->size() < kLeastSize || octets->size() > kMostPlaintext) return unreadable();
  const std::string_view all = *octets;
  const std::string_view signedPart = all.substr(0, all.size() - kMacSize);
  const std::string_view ciphertext = signedPart.substr(kHeader);

  return cipher_->with([&](Contexts& contexts) -> Result<Secret> {
    const auto mac = contexts.authenticate(signedPart);
    // Before anything else is looked at, so that no other difference can be probed without the key.
    if (!equalInConstantTime({mac.data(), mac.size()}, all.substr(signedPart.size()))) return unreadable();
    if (all.front() != kVersion || ciphertext.size() % kBlock != 0) return unreadable();
    if (age && !timely(fromBigEndian(all.substr(kTimeAt, kTimeSize)), *age)) return unreadable();
    auto plaintext = contexts.decrypt(ciphertext, all.substr(kIvAt, kBlock));
    if (!plaintext) return unreadable();
    return std::move(*plaintext);
  });
}

}  // namespace agw
