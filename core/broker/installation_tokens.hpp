#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "broker/installation_directory.hpp"
#include "broker/installation_end.hpp"
#include "broker/minted_tokens.hpp"
#include "broker/tokens.hpp"
#include "storage/storage.hpp"

namespace agw {

struct InstallationTokenRequest {
  InstallationAddress address;
  std::string kind;  ///< empty: the one for callers who name none
  std::optional<std::chrono::seconds> minTtl;
  Scopes scopes;                          ///< that the token must have; empty: any
  std::vector<std::string> repositories;  ///< narrows a minted token; empty: all
  boost::json::object permissions;        ///< narrows a minted token; empty: all
  bool forceRefresh = false;
  std::string requestId;
};

struct InstallationTokenAnswer {
  TokenAnswer token;
  std::string installationId;  ///< the gateway's id of the installation
  std::string orgId;
};

/// Living tokens of organisations, wherever they come from: a grant that the token engine renews, the
/// provider's mint, or providers.yaml. Safe to call from many threads.
class InstallationTokens {
 public:
  struct Parts {
    InstallationDirectory& directory;
    const ProviderDirectory& providers;
    TokenService& tokens;
    InstallationEnder& ender;
    Storage& storage;
    const Clock& clock;
    Random& random;
    Log& log;
    BrokerSettings settings;
  };
  explicit InstallationTokens(Parts parts);

  /// A token that lives for `minTtl` more. Errors are those of `InstallationDirectory::resolve` and
  /// `TokenService::token`; `not_authenticated` also for an organisation that is suspended
  /// (`facts["status"]`), and `InvalidRequest` for a kind that the installation does not have and for
  /// narrowing what cannot be narrowed.
  [[nodiscard]] Result<InstallationTokenAnswer> token(const InstallationTokenRequest& request,
                                                      const Caller& caller);

  /// The provider says that something changed for this organisation. Of a declared one, no replica serves the
  /// tokens that were made before any more, and the provider's next answer decides. Stored ones need nothing:
  /// a read looks at their row first. `Transient` failures are the storage's.
  [[nodiscard]] Result<void> changedAtProvider(const InstallationAddress& address);

 private:
  [[nodiscard]] Result<TokenAnswer> ofDeclaration(const InstallationTokenRequest& request,
                                                  const KnownInstallation& known);
  [[nodiscard]] Result<TokenAnswer> ofGrant(const InstallationTokenRequest& request, const Installation& row);
  [[nodiscard]] Result<TokenAnswer> ofMint(const InstallationTokenRequest& request,
                                           const KnownInstallation& known);
  [[nodiscard]] Result<std::string> stateOf(const KnownInstallation& known);
  [[nodiscard]] Result<TokenAnswer> mintFailed(const InstallationTokenRequest& request,
                                               const KnownInstallation& known, const Provider& provider,
                                               Error error);

  Parts parts_;
  MintedTokens minted_;
};

}  // namespace agw
