#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/caller.hpp"
#include "domain/installation.hpp"
#include "domain/installation_record.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Whose token a caller means. Without both ids: the only organisation that the caller may see.
struct InstallationAddress {
  std::string provider;
  std::string orgId;
  std::string installationId;  ///< the gateway's id of the installation, or the provider's own
};

/// An organisation that can be asked about: stored after a consent, or declared in providers.yaml.
struct KnownInstallation {
  /// Of a declared one: made from the declaration, with an id that only provider and organisation decide.
  Installation row;
  std::optional<DeclaredInstallation> declaration;
};

struct InstallationQuery {
  std::string provider;  ///< empty texts and absent values take all
  std::string orgId;
  std::optional<InstallationStatus> status;
  std::string cursor;  ///< `InstallationPage::nextCursor` of the page before
  int limit = 50;
};

struct InstallationPage {
  std::vector<KnownInstallation> installations;
  std::string nextCursor;  ///< empty: that was all
};

/// Finds installations, stored and declared, for callers. It changes nothing. Safe to call from many threads.
class InstallationDirectory {
 public:
  InstallationDirectory(Storage& storage, const ProviderDirectory& providers);

  /// The one whose tokens serve this address: a declared one before a stored one of the same organisation,
  /// unless the declaration says otherwise. What an id names exactly is returned also when it is over.
  ///
  /// `Forbidden` for an organisation that the caller may not do `operation` for, and, for callers who may not
  /// do it everywhere, also for one that is not there: they learn nothing. `NotFound` (`not_authenticated`):
  /// no such installation; `NotFound` (`unknown_provider`). `InvalidRequest` where the address fits several:
  /// `facts["org_id"]` lists them.
  [[nodiscard]] Result<KnownInstallation> resolve(const InstallationAddress& address, Operation operation,
                                                  const Caller& caller);

  /// By the gateway's id. `NotFound` and `Forbidden` as above.
  [[nodiscard]] Result<KnownInstallation> find(const std::string& id, Operation operation,
                                               const Caller& caller);

  /// The declared one that the address names by either id.
  [[nodiscard]] std::optional<KnownInstallation> declaredAt(const InstallationAddress& address) const;

  /// Whether the stored row is still what `seen` says, so that its tokens may be handed out.
  [[nodiscard]] Result<bool> isAsSeen(const Installation& seen);

  /// What the caller may list: declared ones first, in the order of the file, then stored ones, newest first.
  /// `InvalidRequest` for a cursor that this method did not make.
  [[nodiscard]] Result<InstallationPage> list(const InstallationQuery& query, const Caller& caller);

 private:
  [[nodiscard]] Error absent(const std::string& provider, Operation operation, const Caller& caller) const;
  [[nodiscard]] Result<std::optional<KnownInstallation>> ofOrganisation(const InstallationAddress& address);
  [[nodiscard]] Result<std::optional<KnownInstallation>> byInstallationId(const InstallationAddress& address);
  [[nodiscard]] Result<KnownInstallation> only(const InstallationAddress& address, Operation operation,
                                               const Caller& caller);

  Storage& storage_;
  const ProviderDirectory& providers_;
};

/// There is none, and a consent cures that.
[[nodiscard]] Error notInstalled();

}  // namespace agw
