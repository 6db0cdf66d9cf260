#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "domain/grant.hpp"
#include "domain/provider.hpp"

namespace agw {

enum class InstallationStatus {
  Active,
  Suspended,  ///< by the organisation, at the provider: it keeps its tokens, and none is handed out
  Revoked,    ///< over; the row stays as history
};

[[nodiscard]] const char* toString(InstallationStatus status);
[[nodiscard]] std::optional<InstallationStatus> installationStatusFromText(std::string_view text);

/// An organisation that let the client in. A row of `oauth_installations`. At most one of a provider entry
/// and organisation is not revoked.
///
/// Its tokens are grants: rows of `oauth_credentials` whose owner is `installationOwner(consentId, kind)`.
/// One consent may cover several organisations and may have given several tokens.
struct Installation {
  std::string id;        ///< UUID; survives another install of the same organisation
  std::string provider;  ///< provider entry id
  std::string orgId;     ///< the provider's stable id of the organisation; never empty
  std::string orgName;
  std::string installationId;      ///< empty: the provider gives installations no id of their own
  std::string consentId;           ///< UUID of the latest consent
  std::vector<std::string> kinds;  ///< of the tokens it gave; the first serves who names none. Empty: minted
  Scopes scopes;
  boost::json::object permissions;
  boost::json::object metadata;
  std::string installedBy;  ///< id of the API key that asked for it; `public`: a browser without one
  InstallationStatus status = InstallationStatus::Active;
  Version version = 0;
  TimePoint createdAt;
  TimePoint updatedAt;
  std::optional<TimePoint> revokedAt;
  /// Of the token for callers who name no kind, as storage reads it from that grant; never written.
  std::optional<TimePoint> tokenExpiresAt;

  /// Its tokens are made by `Provider::mintInstallationToken`.
  [[nodiscard]] bool minted() const { return kinds.empty(); }
};

/// Who owns a grant: `installation:<consent>` or `installation:<consent>/<kind>`. No e-mail looks like that.
[[nodiscard]] std::string installationOwner(std::string_view consentId, std::string_view kind);

/// What the owner (`profile`) of a grant says.
struct GrantOwner {
  Purpose purpose = Purpose::User;
  std::string consentId;  ///< installations only
  std::string kind;       ///< installations only; may be empty
};
[[nodiscard]] GrantOwner ownerOf(std::string_view profile);

}  // namespace agw
