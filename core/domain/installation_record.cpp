#include "domain/installation_record.hpp"

#include <array>

namespace agw {
namespace {

constexpr std::array<const char*, 3> kStatus{"active", "suspended", "revoked"};
constexpr std::string_view kOwnerPrefix = "installation:";

}  // namespace

const char* toString(InstallationStatus status) {
  return kStatus.at(static_cast<std::size_t>(status));
}

std::optional<InstallationStatus> installationStatusFromText(std::string_view text) {
  for (std::size_t i = 0; i < kStatus.size(); ++i) {
    if (text == kStatus[i]) return static_cast<InstallationStatus>(i);
  }
  return std::nullopt;
}

std::string installationOwner(std::string_view consentId, std::string_view kind) {
  std::string owner(kOwnerPrefix);
  owner.append(consentId);
  if (!kind.empty()) owner.append("/").append(kind);
  return owner;
}

GrantOwner ownerOf(std::string_view profile) {
  if (!profile.starts_with(kOwnerPrefix)) return {};
  profile.remove_prefix(kOwnerPrefix.size());
  const auto slash = profile.find('/');
  GrantOwner owner{Purpose::Installation, std::string(profile.substr(0, slash)), {}};
  if (slash != std::string_view::npos) owner.kind = profile.substr(slash + 1);
  return owner;
}

}  // namespace agw
