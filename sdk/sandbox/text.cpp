#include "text.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <Poco/URI.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sandbox {
namespace {

const unsigned char* octetsOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void fillRandomly(std::string& octets) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(octets.size())) != 1) {
    std::fputs("oauth-sandbox: the system gives no random numbers\n", stderr);
    std::abort();
  }
}

}  // namespace

std::string base64Url(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octetsOf(octets),
                                     static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(length));
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
             nullptr);
  return digest;
}

std::string hex(std::string_view octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const char octet : octets) {
    const auto value = static_cast<unsigned char>(octet);
    text += kDigits[value >> 4U];
    text += kDigits[value & 15U];
  }
  return text;
}

std::string base64UrlDecode(std::string_view text) {
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  if (padding == 3) return {};
  padded.append(padding, '=');
  std::string octets(padded.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()), octetsOf(padded),
                                     static_cast<int>(padded.size()));
  if (length < static_cast<int>(padding)) return {};
  octets.resize(static_cast<std::size_t>(length) - padding);
  return octets;
}

std::string hmacSha256(std::string_view key, std::string_view message) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octetsOf(message), message.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string randomLetters(std::size_t length, std::string_view alphabet) {
  std::string octets(length, '\0');
  fillRandomly(octets);
  for (char& letter : octets) letter = alphabet[static_cast<unsigned char>(letter) % alphabet.size()];
  return octets;
}

std::string randomText(std::size_t bytes) {
  std::string octets(bytes, '\0');
  fillRandomly(octets);
  return base64Url(octets);
}

bool sameSecret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string escapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::vector<std::string> splitScopes(std::string_view text, char separator) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

std::string joinScopes(const std::vector<std::string>& scopes, char separator) {
  std::string text;
  for (const auto& scope : scopes) {
    if (!text.empty()) text += separator;
    text += scope;
  }
  return text;
}

bool hasScope(const std::vector<std::string>& scopes, const std::string& scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

std::string isoTime(std::int64_t seconds) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(seconds), "%Y-%m-%dT%H:%M:%SZ");
}

std::string formEncode(const std::vector<std::pair<std::string, std::string>>& parameters) {
  static const std::string kReserved = "!#$&'()*+,/:;=?@[]%\"<>\\^`{|}";
  std::string result;
  for (const auto& [name, value] : parameters) {
    std::string encoded;
    Poco::URI::encode(value, kReserved, encoded);
    result += (result.empty() ? "" : "&") + name + "=" + encoded;
  }
  return result;
}

std::string withQuery(const std::string& url,
                      const std::vector<std::pair<std::string, std::string>>& parameters) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + formEncode(parameters);
}

}  // namespace sandbox
