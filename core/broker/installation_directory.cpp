#include "broker/installation_directory.hpp"

#include <algorithm>
#include <utility>

#include "base/random.hpp"
#include "broker/errors.hpp"
#include "broker/installation_cursor.hpp"
#include "crypto/hash.hpp"

namespace agw {
namespace {

constexpr int kMostNamed = 20;

/// The same for the same declaration on every replica and after every start; version 8 of RFC 9562.
std::string declaredId(const DeclaredInstallation& declared) {
  std::string id = sha256Hex("declared:" + declared.provider + ":" + declared.org).substr(0, 32);
  id[12] = '8';
  id[16] = '8';
  for (const std::size_t at : {8U, 13U, 18U, 23U}) id.insert(at, 1, '-');
  return id;
}

KnownInstallation known(const DeclaredInstallation& declared) {
  Installation row;
  row.id = declaredId(declared);
  row.provider = declared.provider;
  row.orgId = declared.org;
  row.installationId = declared.installationId;
  return {std::move(row), declared};
}

std::optional<KnownInstallation> stored(std::optional<Installation> row) {
  if (!row) return std::nullopt;
  return KnownInstallation{std::move(*row), std::nullopt};
}

bool fits(const Installation& row, const InstallationQuery& query) {
  return (query.provider.empty() || query.provider == row.provider) &&
         (query.orgId.empty() || query.orgId == row.orgId) && (!query.status || *query.status == row.status);
}

}  // namespace

Error notInstalled() {
  return {.kind = ErrorKind::NotFound,
          .message = "No organisation is connected that fits the request. An owner must install it first.",
          .code = "not_authenticated"};
}

InstallationDirectory::InstallationDirectory(Storage& storage, const ProviderDirectory& providers)
    : storage_(storage), providers_(providers) {}

// What a caller learns about one that is not there.
Error InstallationDirectory::absent(const std::string& provider, Operation operation,
                                    const Caller& caller) const {
  auto everywhere = caller.may(operation, provider, kAnyOrganisation);
  if (!everywhere) return std::move(everywhere).error();
  const auto entry = providers_.find(provider);
  return !entry && entry.error().kind == ErrorKind::NotFound ? entry.error() : notInstalled();
}

std::optional<KnownInstallation> InstallationDirectory::declaredAt(const InstallationAddress& address) const {
  for (const auto& declared : providers_.declaredInstallations()) {
    if (declared.provider != address.provider) continue;
    const auto& id = address.installationId;
    const bool same = id.empty() ? declared.org == address.orgId
                                 : id == declared.installationId || id == declaredId(declared);
    if (same) return known(declared);
  }
  return std::nullopt;
}

Result<std::optional<KnownInstallation>> InstallationDirectory::ofOrganisation(
    const InstallationAddress& address) {
  auto declared = declaredAt(address);
  if (declared && !declared->declaration->preferStored) return declared;
  auto row = storage_.findLivingInstallation(address.provider, address.orgId);
  if (!row) return storageFailure(std::move(row).error());
  return *row ? stored(std::move(*row)) : std::move(declared);
}

Result<std::optional<KnownInstallation>> InstallationDirectory::byInstallationId(
    const InstallationAddress& address) {
  if (auto declared = declaredAt(address)) return declared;
  auto row = isUuid(address.installationId)
                 ? storage_.findInstallation(address.installationId)
                 : storage_.findLivingInstallationById(address.provider, address.installationId);
  if (!row) return storageFailure(std::move(row).error());
  if (*row && (*row)->provider != address.provider) return std::optional<KnownInstallation>();
  return stored(std::move(*row));
}

Result<KnownInstallation> InstallationDirectory::resolve(const InstallationAddress& address,
                                                         Operation operation, const Caller& caller) {
  if (address.orgId.empty() && address.installationId.empty()) return only(address, operation, caller);
  const bool byId = !address.installationId.empty();
  if (!byId) {
    auto permitted = caller.may(operation, address.provider, organisationOwner(address.orgId));
    if (!permitted) return std::move(permitted).error();
  }
  auto found = byId ? byInstallationId(address) : ofOrganisation(address);
  if (!found) return std::move(found).error();
  if (!*found) return absent(address.provider, operation, caller);
  auto permitted = caller.may(operation, address.provider, organisationOwner((*found)->row.orgId));
  if (!permitted) return std::move(permitted).error();
  return std::move(**found);
}

Result<KnownInstallation> InstallationDirectory::only(const InstallationAddress& address, Operation operation,
                                                      const Caller& caller) {
  std::vector<std::string> organisations;
  const auto note = [&](const std::string& orgId) {
    const bool unseen = std::find(organisations.begin(), organisations.end(), orgId) == organisations.end();
    if (unseen && caller.may(operation, address.provider, organisationOwner(orgId)))
      organisations.push_back(orgId);
  };
  for (const auto& declared : providers_.declaredInstallations()) {
    if (declared.provider == address.provider) note(declared.org);
  }
  InstallationFilter filter;
  filter.provider = address.provider;
  filter.living = true;
  while (organisations.size() < kMostNamed) {
    const auto rows = storage_.listInstallations(filter);
    if (!rows) return storageFailure(rows.error());
    for (const auto& row : *rows) note(row.orgId);
    if (static_cast<int>(rows->size()) < filter.limit) break;
    filter.after = {rows->back().createdAt, rows->back().id};
  }
  if (organisations.empty()) return absent(address.provider, operation, caller);
  if (organisations.size() == 1)
    return resolve({address.provider, organisations.front(), {}}, operation, caller);
  if (organisations.size() > kMostNamed) organisations.resize(kMostNamed);
  return Error{.kind = ErrorKind::InvalidRequest,
               .message = "Several organisations are connected: say org_id or installation_id.",
               .facts = {{"field", {"org_id"}}, {"org_id", std::move(organisations)}}};
}

Result<KnownInstallation> InstallationDirectory::find(const std::string& id, Operation operation,
                                                      const Caller& caller) {
  std::optional<KnownInstallation> found;
  for (const auto& declared : providers_.declaredInstallations()) {
    if (declaredId(declared) == id) found = known(declared);
  }
  if (!found && isUuid(id)) {
    auto row = storage_.findInstallation(id);
    if (!row) return storageFailure(std::move(row).error());
    found = stored(std::move(*row));
  }
  if (!found) {
    auto everywhere = caller.may(operation, "*", kAnyOrganisation);
    if (!everywhere) return std::move(everywhere).error();
    return Error{
        .kind = ErrorKind::NotFound, .message = "There is no such installation.", .code = "not_found"};
  }
  auto permitted = caller.may(operation, found->row.provider, organisationOwner(found->row.orgId));
  if (!permitted) return std::move(permitted).error();
  return std::move(*found);
}

Result<bool> InstallationDirectory::isAsSeen(const Installation& seen) {
  const auto row = storage_.findInstallation(seen.id);
  if (!row) return storageFailure(row.error());
  return *row && (*row)->version == seen.version;
}

Result<InstallationPage> InstallationDirectory::list(const InstallationQuery& query, const Caller& caller) {
  const auto place = readCursor(query.cursor);
  if (!place) return place.error();
  const auto visible = [&](const Installation& row) {
    return fits(row, query) && caller.may(Operation::List, row.provider, organisationOwner(row.orgId)).ok();
  };
  InstallationPage page;
  const auto full = [&] { return static_cast<int>(page.installations.size()) >= query.limit; };
  const auto declared = providers_.declaredInstallations();
  for (std::size_t at = place->declared; at < declared.size(); ++at) {
    auto line = known(declared[at]);
    if (!visible(line.row)) continue;
    if (full()) {
      page.nextCursor = makeCursor({.declared = at, .after = {}});
      return page;
    }
    page.installations.push_back(std::move(line));
  }
  InstallationFilter filter{.provider = query.provider,
                            .orgId = query.orgId,
                            .installationId = {},
                            .consentId = {},
                            .status = query.status,
                            .after = place->after};
  while (true) {
    auto rows = storage_.listInstallations(filter);
    if (!rows) return storageFailure(std::move(rows).error());
    for (auto& row : *rows) {
      if (visible(row)) {
        if (full()) {
          page.nextCursor = makeCursor({.declared = declared.size(), .after = filter.after});
          return page;
        }
        page.installations.push_back({row, std::nullopt});
      }
      filter.after = {row.createdAt, row.id};
    }
    if (static_cast<int>(rows->size()) < filter.limit) return page;
  }
}

}  // namespace agw
