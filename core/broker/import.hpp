#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/grant_writer.hpp"
#include "broker/revoke.hpp"
#include "broker/seal.hpp"
#include "crypto/vault.hpp"
#include "domain/caller.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

struct ImportRequest {
  std::string provider;
  std::string profile;  ///< canonical
  Secret refreshToken;
  Scopes scopes;  ///< what the token is said to cover, where the provider does not tell; empty: not known
  std::string requestId;
};

struct Imported {
  Scopes scopes;
  std::optional<TimePoint> expiresAt;  ///< of the access token; absent: no end
};

/// Takes over refresh tokens that another server kept. Each is renewed once before it is stored: that shows
/// that it lives, that it was given to the gateway's client, and whose it is. A consent brings a person, an
/// import does not, so it may do less: it never takes the place of a living grant, and where only the person
/// could tell whose the token is (`identity: confirm`) it is refused.
///
/// A refusal leaves the offered token as it was, unless the provider replaced it at the check. A successor
/// that could not be stored yet is kept in memory, like a renewed token, and brought into storage by
/// `settle`, by a repeated import, or at the end of the process. One of another account than named is revoked
/// at the provider: nobody else has it. One object a process; safe to call from many threads.
class ImportService {
 public:
  struct Parts {
    Storage& storage;
    const ProviderDirectory& providers;
    const Vault& vault;
    const Clock& clock;
    Random& random;
    Log& log;
    RevokeService& revoke;
  };
  explicit ImportService(const Parts& parts);
  ~ImportService();
  ImportService(const ImportService&) = delete;
  ImportService& operator=(const ImportService&) = delete;

  /// Blocks for two provider calls at most. The caller's permission is the endpoint's to check. Errors, by
  /// code: `refresh_failed` (GrantDead), `conflict` (a living grant is there; with `facts["reason"]`
  /// `identity_mismatch` the token is another account's), `invalid_request` (this provider entry takes no
  /// imports), `unknown_provider`, `provider_not_configured`, `provider_unavailable`, `provider_error`,
  /// `provider_misconfigured`, `unavailable`.
  [[nodiscard]] Result<Imported> accept(const ImportRequest& request, const Caller& caller);

  /// One round of housekeeping: tries again what is kept.
  void settle();

 private:
  /// An offered token that the provider has renewed.
  struct Offer {
    Flow place;  // provider entry and owner alone
    std::string keyId;
    std::string requestId;
    IdentityPolicy policy = IdentityPolicy::Match;
    TokenSet answer;         // what `identify` needs
    PendingConsent consent;  // with the successor, or the offered token where there is none
    bool replaced = false;   // the provider spent the offered token
    bool identified = false;
    bool perhapsStored = false;  // the answer to the write was lost
    TimePoint since;             // before anything could be stored
  };

  Result<Imported> take(const std::string& key, const ImportRequest& request, const Caller& caller);
  Result<Offer> renewed(const ImportRequest& request, const Caller& caller, Provider& provider);
  /// Identity, then storage. What cannot be decided now is kept under `key`.
  Result<Imported> conclude(const std::string& key, Offer offer);
  GrantWriter::Outcome store(const Offer& offer);
  std::optional<Error> identify(Offer& offer, Provider& provider);
  Error refuse(const Offer& offer);
  Error postpone(const std::string& key, Offer offer, Error error);
  void discard(const Offer& offer);
  void record(const Offer& offer, const char* event, const std::string& outcome);
  std::optional<Offer> takeHeld(const std::string& key);
  void settleHeld(bool identifiedAlone);

  Parts parts_;
  GrantWriter writer_;
  std::mutex mutex_;
  std::set<std::string> busy_;         // offers that somebody works on, by `key`
  std::map<std::string, Offer> held_;  // successors that are stored nowhere
};

}  // namespace agw
