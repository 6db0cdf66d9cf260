#include "crypto/key_check.hpp"

#include <algorithm>

namespace agw {
namespace {

// The record is `1 <fingerprint> <sealed constant>`.
constexpr std::string_view kVersion = "1 ";
constexpr std::size_t kFingerprintSize = 8;
constexpr std::string_view kConstant = "auth-gateway key check";
constexpr Place kPlace = {
    .table = "meta", .column = "key_check", .id = "key_check", .provider = "", .owner = ""};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool isFingerprint(std::string_view text) {
  return text.size() == kFingerprintSize && text.find_first_not_of("0123456789abcdef") == text.npos;
}

Error wrongKeys(const Vault& vault, std::string_view maker) {
  const auto given = vault.fingerprints();
  if (std::find(given.begin(), given.end(), maker) != given.end()) {
    return Error{.kind = ErrorKind::BadOption,
                 .message = "The database's key check is damaged. Restore the database from a backup."};
  }
  return Error{
      .kind = ErrorKind::BadOption,
      .message = "This database was encrypted with the key " + std::string(maker) + ", the keys given are " +
                 joined(given) +
                 ". Put the earlier key into AUTH_GATEWAY_ENCRYPTION_KEY, or, to change keys, the new "
                 "one there and the earlier one into AUTH_GATEWAY_ROTATION_KEYS."};
}

}  // namespace

Result<std::string> makeKeyCheck(const Vault& vault) {
  auto sealed = vault.seal(kPlace, Secret(std::string(kConstant)));
  if (!sealed) return sealed;
  return std::string(kVersion) + vault.fingerprints().front() + " " + *sealed;
}

Result<void> verifyKeyCheck(const Vault& vault, std::string_view record) {
  const std::size_t sealedAt = kVersion.size() + kFingerprintSize + 1;
  if (record.size() < sealedAt || !record.starts_with(kVersion) || record[sealedAt - 1] != ' ' ||
      !isFingerprint(record.substr(kVersion.size(), kFingerprintSize))) {
    return Error{.kind = ErrorKind::BadOption,
                 .message =
                     "The database's key check cannot be read. Restore the database from a backup, or use "
                     "the version of auth-gateway that made it."};
  }
  const auto constant = vault.open(kPlace, record.substr(sealedAt));
  if (constant && constant->reveal() == kConstant) return {};
  return wrongKeys(vault, record.substr(kVersion.size(), kFingerprintSize));
}

}  // namespace agw
