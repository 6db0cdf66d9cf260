#include "broker/installation_tokens.hpp"

#include <algorithm>
#include <utility>

#include "broker/errors.hpp"

namespace agw {
namespace {

using std::chrono::seconds;

/// How often a read looks again because the installation was made anew under it.
constexpr int kLooks = 3;

Error wrongKind(const Installation& row) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = row.kinds.empty() ? "This installation has tokens of one kind only: leave 'kind' out."
                                       : "This installation has no token of this kind.",
          .facts = {{"field", {"kind"}}, {"allowed", row.kinds}}};
}

Error notNarrowed() {
  return {.kind = ErrorKind::InvalidRequest,
          .message =
              "The tokens of this installation cannot be narrowed: leave 'repositories' and "
              "'permissions' out.",
          .facts = {{"field", {"repositories", "permissions"}}}};
}

Error suspended() {
  return {.kind = ErrorKind::NotFound,
          .message =
              "The organisation has suspended this installation. An owner of it can end that at the "
              "provider.",
          .code = "not_authenticated",
          .facts = {{"status", {"suspended"}}}};
}

Error notDeclaredWhole(const DeclaredInstallation& declaration) {
  return {.kind = ErrorKind::Transient,
          .message =
              "This installation cannot be used until an operator acts: its declaration refers to "
              "something that is not set.",
          .code = "provider_not_configured",
          .facts = {{"missing_settings", declaration.missing}}};
}

/// A declared one has no row; of those that a provider told of, this record tells the last event from others.
std::string changeRecord(const Installation& declared) {
  return "installation_changed:" + declared.id;
}

bool narrows(const InstallationTokenRequest& request) {
  return !request.repositories.empty() || !request.permissions.empty();
}

}  // namespace

InstallationTokens::InstallationTokens(Parts parts)
    : parts_(std::move(parts)), minted_({parts_.clock, parts_.random, parts_.log, parts_.settings}) {}

Result<InstallationTokenAnswer> InstallationTokens::token(const InstallationTokenRequest& request,
                                                          const Caller& caller) {
  const auto told = [](const KnownInstallation& known, Result<TokenAnswer> answer) {
    if (!answer) return Result<InstallationTokenAnswer>(std::move(answer).error());
    return Result<InstallationTokenAnswer>({std::move(*answer), known.row.id, known.row.orgId});
  };
  std::string consent;
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto known = parts_.directory.resolve(request.address, Operation::Token, caller);
    if (!known) return known.error();
    if (known->declaration) return told(*known, ofDeclaration(request, *known));
    const Installation& row = known->row;
    if (row.status == InstallationStatus::Revoked) return notInstalled();
    if (row.status == InstallationStatus::Suspended) return suspended();
    if (row.minted()) {
      auto answer = ofMint(request, *known);
      if (!answer && answer.error().kind == ErrorKind::Conflict) continue;
      return told(*known, std::move(answer));
    }
    auto answer = ofGrant(request, row);
    const bool gone = !answer && answer.error().kind == ErrorKind::NotFound;
    if (!gone || consent == row.consentId) return told(*known, std::move(answer));
    consent = row.consentId;
  }
  return overloaded();
}

Result<TokenAnswer> InstallationTokens::ofDeclaration(const InstallationTokenRequest& request,
                                                      const KnownInstallation& known) {
  const auto& declaration = *known.declaration;
  if (!declaration.missing.empty()) return notDeclaredWhole(declaration);
  if (declaration.staticToken.empty()) return ofMint(request, known);
  if (!request.kind.empty()) return wrongKind(known.row);
  if (narrows(request)) return notNarrowed();
  if (!request.scopes.empty()) return lacksScopes({}, request.scopes);
  return TokenAnswer{
      .accessToken = declaration.staticToken, .expiresAt = {}, .refreshAfter = {}, .scopes = {}};
}

Result<TokenAnswer> InstallationTokens::ofGrant(const InstallationTokenRequest& request,
                                                const Installation& row) {
  if (narrows(request)) return notNarrowed();
  const std::string& kind = request.kind.empty() ? row.kinds.front() : request.kind;
  if (std::find(row.kinds.begin(), row.kinds.end(), kind) == row.kinds.end()) return wrongKind(row);
  auto answer = parts_.tokens.token({.provider = row.provider,
                                     .profile = installationOwner(row.consentId, kind),
                                     .minTtl = request.minTtl,
                                     .scopes = request.scopes,
                                     .forceRefresh = request.forceRefresh,
                                     .requestId = request.requestId});
  if (!answer && answer.error().kind == ErrorKind::NotFound && answer.error().code == "not_authenticated")
    return notInstalled();
  return answer;
}

Result<TokenAnswer> InstallationTokens::ofMint(const InstallationTokenRequest& request,
                                               const KnownInstallation& known) {
  const Installation& row = known.row;
  if (!request.kind.empty()) return wrongKind(row);
  const auto provider = parts_.providers.find(row.provider);
  if (!provider) return provider.error();
  auto state = stateOf(known);
  if (!state) return std::move(state).error();
  MintWish wish{.installation = std::move(*state),
                .request = {.orgId = row.orgId,
                            .installationId = row.installationId,
                            .repositories = request.repositories,
                            .permissions = request.permissions},
                .minTtl = request.minTtl.value_or(parts_.settings.defaultMinTtl),
                .force = request.forceRefresh,
                .requestId = request.requestId};
  if (!known.declaration) {
    wish.stillWanted = [&] { return parts_.directory.isAsSeen(row); };
  }
  auto answer = minted_.token(**provider, wish);
  if (!answer) return mintFailed(request, known, **provider, std::move(answer).error());
  if (answer->scopes.empty()) answer->scopes = row.scopes;
  const auto missing = missingScopes((*provider)->normalizeScopes(request.scopes),
                                     (*provider)->normalizeScopes(answer->scopes));
  if (!request.scopes.empty() && !missing.empty()) return lacksScopes(answer->scopes, missing);
  return answer;
}

// Names it and its state: a token made for another state is another token.
Result<std::string> InstallationTokens::stateOf(const KnownInstallation& known) {
  const Installation& row = known.row;
  if (!known.declaration) return row.id + "/" + std::to_string(row.version);
  auto change = parts_.storage.readMeta(changeRecord(row));
  if (!change) return storageFailure(std::move(change).error());
  return row.id + "/" + change->value_or("");
}

Result<void> InstallationTokens::changedAtProvider(const InstallationAddress& address) {
  const auto declared = parts_.directory.declaredAt(address);
  if (!declared) return {};
  const auto change = newUuid(parts_.random);
  if (!change) return change.error();
  const auto noted = parts_.storage.writeMeta(changeRecord(declared->row), *change);
  if (!noted) return storageFailure(noted.error());
  return {};
}

Result<TokenAnswer> InstallationTokens::mintFailed(const InstallationTokenRequest& request,
                                                   const KnownInstallation& known, const Provider& provider,
                                                   Error error) {
  switch (error.kind) {
    case ErrorKind::GrantDead: {
      // The organisation removed it, and no event told.
      if (!known.declaration) {
        const auto ended = parts_.ender.endedAtProvider(known.row, "installation_gone", request.requestId);
        if (!ended) return ended.error();
      }
      return notInstalled();
    }
    case ErrorKind::Denied:
      return suspended();
    case ErrorKind::NotFound:
      return notInstalled();
    case ErrorKind::BadOption:
      if (narrows(request)) {
        return Error{.kind = ErrorKind::InvalidRequest,
                     .message = provider.displayName() +
                                " does not narrow the token like that: the installation lacks one of the "
                                "repositories or permissions.",
                     .detail = std::move(error.message),
                     .facts = {{"field", {"repositories", "permissions"}}}};
      }
      return providerFailure(error, provider.displayName());
    case ErrorKind::Unsupported:
      return providerFailure(error, provider.displayName());
    default:
      return error;
  }
}

}  // namespace agw
