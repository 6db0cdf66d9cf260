#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/install_writer.hpp"
#include "broker/revoke.hpp"
#include "crypto/vault.hpp"
#include "domain/caller.hpp"
#include "domain/install_flow.hpp"
#include "domain/installation_record.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

struct InstallRequest {
  std::string provider;
  std::string orgId;          ///< empty: the person chooses
  std::string redirectAfter;  ///< empty, or checked against the allow-list already
  std::string startedBy;      ///< id of the API key, or `kPublicInstall`
  std::string browser;        ///< cookie of the browser that begins; empty: a program does
  std::string requestId;
};
inline constexpr const char* kPublicInstall = "public";

struct InstallTicket {
  std::string ticket;  ///< for one `beginByTicket`
  TimePoint expiresAt;
};

struct InstallLink {
  std::string url;
  TimePoint expiresAt;
};

/// What came back through the browser, decoded, each name at most once. Attacker's text, all of it.
struct InstallCallback {
  std::string provider;  ///< from the path
  QueryParameters parameters;
  std::string browser;  ///< the cookie; empty: none
  std::string requestId;
};

/// What the person in the browser is told.
struct InstallOutcome {
  enum class Status { Installed, GoOn, Failed } status = Status::Failed;
  std::string nextUrl;        ///< GoOn: where the browser goes
  std::string provider;       ///< display name
  std::string redirectAfter;  ///< empty: the result page
  std::vector<Installation> installations;
  Error error;  ///< Failed: what happened and what to do, our words
};

/// The way of an organisation from the link to the vault. One object a process; safe to call from many
/// threads.
class InstallService {
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
  explicit InstallService(Parts parts);

  /// Permission is the endpoint's to check, for both. Ticket and link live 10 minutes and serve once.
  /// `Unsupported` where the provider has no installations.
  [[nodiscard]] Result<InstallTicket> makeTicket(const InstallRequest& request);
  [[nodiscard]] Result<InstallLink> begin(const InstallRequest& request);
  /// The ticket says for whom and by whom; `provider`, `browser` and `requestId` are the request's.
  /// `InvalidRequest` for one that is unknown, over or for another provider, `Conflict` for a used one.
  [[nodiscard]] Result<InstallLink> beginByTicket(const std::string& ticket, const InstallRequest& request);

  /// Consumes the state, exchanges the code, has the provider show which organisations the person's own token
  /// reaches, and stores them. Whatever fails after the exchange, the new tokens are revoked at the provider
  /// and nothing is stored. Never throws; every failure is an outcome with words.
  [[nodiscard]] InstallOutcome finish(const InstallCallback& callback);

  /// One round of housekeeping: forgets states past their time, settles what a failed store left open.
  Result<void> expire();

 private:
  struct Visit;
  [[nodiscard]] Result<InstallFlow> newFlow(const InstallRequest& request, InstallStep step,
                                            const std::string& secret);
  [[nodiscard]] std::optional<Error> check(Visit& visit) const;
  InstallOutcome read(Visit& visit);
  InstallOutcome goOn(Visit& visit, const std::string& url, const std::string& state);
  InstallOutcome exchange(Visit& visit, const Secret& code);
  InstallOutcome prove(Visit& visit, std::vector<TokenSet> tokens, const Receipt& receipt);
  InstallOutcome store(Visit& visit, const InstallConsent& consent);
  InstallOutcome fail(Visit& visit, Error error);
  InstallOutcome refuse(Visit& visit, const InstallConsent& consent, Error error);
  void record(const InstallFlow& flow, const char* event, const std::string& orgId,
              const std::string& outcome, const std::string& note, const std::string& requestId);

  Parts parts_;
  InstallWriter writer_;
};

}  // namespace agw
