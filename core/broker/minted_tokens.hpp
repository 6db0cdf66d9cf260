#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "broker/settings.hpp"
#include "broker/single_flight.hpp"
#include "broker/tokens.hpp"
#include "domain/provider.hpp"

namespace agw {

struct MintWish {
  std::string installation;  ///< names the installation and its state: another name is another token
  MintRequest request;
  std::chrono::seconds minTtl{0};
  bool force = false;  ///< a new one, unless the last is younger than 30 s
  std::string requestId;
  /// Asked once a new one was made; if it says no, the token is neither kept nor told, and `Conflict` is.
  std::function<Result<bool>()> stillWanted{};
};

/// Tokens that providers make with the client's own credentials. They are stored nowhere: this process keeps
/// each until it lives for less than a caller asks, and makes one at a time of each kind. After a failure of
/// the provider it does not ask for the same again before a pause that grows; what the provider says of the
/// installation itself holds for the callers that wait, and is asked anew by the next. Safe to call from many
/// threads.
class MintedTokens {
 public:
  struct Parts {
    const Clock& clock;
    Random& random;
    Log& log;
    BrokerSettings settings;
  };
  explicit MintedTokens(Parts parts);

  /// Errors as the provider layer has them, in our words: `GrantDead` and `Denied` too, which are the
  /// caller's to interpret. A living token is served, as degraded, when a new one was only demanded.
  [[nodiscard]] Result<TokenAnswer> token(Provider& provider, const MintWish& wish);

 private:
  struct Entry {
    Secret token;  ///< empty: none yet
    Scopes scopes;
    TimePoint issuedAt;
    std::optional<TimePoint> expiresAt;
    int failures = 0;
    std::optional<TimePoint> notBefore;
    Error failure;
  };
  using Minted = Result<TokenAnswer>;

  /// What can be told without asking the provider; nothing when it has to be asked.
  [[nodiscard]] std::optional<Minted> remembered(const std::string& key, const MintWish& wish);
  [[nodiscard]] Minted mint(Provider& provider, const std::string& key, const MintWish& wish);
  [[nodiscard]] Minted failed(const std::string& key, const MintWish& wish, const Provider& provider,
                              const Error& error);
  [[nodiscard]] TokenAnswer answerOf(const Entry& entry) const;
  void makeRoom(TimePoint now);

  Parts parts_;
  SingleFlight<Minted> flights_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace agw
