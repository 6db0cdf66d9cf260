#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/seal.hpp"
#include "broker/tokens.hpp"
#include "crypto/vault.hpp"
#include "races/scheduler.hpp"
#include "support/fake_provider.hpp"
#include "support/fakes.hpp"

namespace agw::test {

/// Sees what the provider and the storage did, and says which laws a run broke. The truth it measures by is
/// the provider's own ledger and the rows of the shared storage.
///
/// A process that dies, a call that fails, a lease that runs out in the middle of a refresh: after these a
/// refresh token may have to be tried again, and a strict provider ends the grant for it. From then on that
/// grant may die; what stays forbidden is to lie about it.
class Judge {
 public:
  /// The profile of an actor whose operation is about all grants.
  static constexpr const char* kEverybody = "everybody";

  Judge(FakeProvider& provider, Storage& truth, const Vault& vault, const FakeClock& clock,
        Scheduler& scheduler, std::chrono::milliseconds leaseLife)
      : provider_(provider),
        truth_(truth),
        vault_(vault),
        clock_(clock),
        scheduler_(scheduler),
        leaseLife_(leaseLife) {}

  // ---- what the provider did
  void issued(const Scheduler::Actor& actor, const TokenSet& tokens);
  void presented(const Scheduler::Actor& actor, const RefreshRequest& request);
  void answered(const RefreshRequest& request, const Result<TokenSet>& answer);
  void revoked() { noteDeaths(true); }

  // ---- what the storage did
  void leased(const Scheduler::Actor& actor) { leasedAt_[actor.name] = clock_.now(); }
  void consented(const Grant& grant);
  void removed(const std::string& profile);

  // ---- what the test did
  void disturbed(Scheduler::Actor& actor);
  void abandoned(const Scheduler::Actor& actor);

  // ---- what callers saw
  struct Before {
    std::optional<Grant> row;
    bool lived = false;  ///< the row's access token, at the provider
  };
  [[nodiscard]] Before beforeRead(const std::string& profile);
  /// `behind`: another replica's write to the grant was still under way to the reader's.
  void read(const Scheduler::Actor& actor, const TokenRequest& request, const Before& before,
            const Result<TokenAnswer>& answer, bool behind);
  void revokedHere(const Scheduler::Actor& actor);

  // ---- the end
  /// Once every actor has ended, before anything is mended.
  void standstill(const std::string& profile);
  /// After faults are over, housekeeping is done and the grant was read past its access token's end.
  void settled(const std::string& profile, const Result<TokenAnswer>& answer);

  void violation(const std::string& what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Token {
    std::string profile;
    int family = 0;
    TimePoint issuedAt;
    std::optional<std::uint64_t> diedAt;
    bool revoked = false;  // died by a revocation
  };
  struct Presentation {
    std::string actor;
    TimePoint leasedAt;
    bool excused = false;
  };
  [[nodiscard]] std::optional<PlainTokens> opened(const Grant& grant) const;
  [[nodiscard]] const Token* known(const std::string& access) const;
  [[nodiscard]] bool mayHaveDied(const std::string& profile) const;
  [[nodiscard]] bool isNewest(const FakeProvider::Pair& pair) const;
  void noteDeaths(bool byRevocation);
  void servedToken(const Scheduler::Actor& actor, const Before& before, const std::string& access,
                   bool behind);
  void servedError(const Scheduler::Actor& actor, const TokenRequest& request, const Before& before,
                   const Error& error);

  FakeProvider& provider_;
  Storage& truth_;
  const Vault& vault_;
  const FakeClock& clock_;
  Scheduler& scheduler_;
  const std::chrono::milliseconds leaseLife_;

  int families_ = 0;
  std::map<std::string, Token> tokens_;                         // by access token
  std::map<std::string, std::vector<Presentation>> presented_;  // by the pair that is spent
  std::map<std::string, TimePoint> leasedAt_;                   // by actor
  std::set<std::string> triedAgain_;                            // profiles: after a lease that ran out
  std::set<std::string> excused_;                               // profiles
  std::map<std::string, int> family_;                           // whose pair the row must hold
  std::map<std::string, std::uint64_t> consentedAt_;
  std::map<std::string, std::uint64_t> removedAt_;
  std::map<int, std::uint64_t> storedAt_;                                 // by family
  std::map<std::pair<int, std::string>, std::uint64_t> revocationEnded_;  // by replica and profile
  std::vector<std::string> dead_;  // access tokens of families whose grant was removed
  std::vector<std::string> violations_;
};

}  // namespace agw::test
