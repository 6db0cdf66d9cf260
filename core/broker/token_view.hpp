#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/seal.hpp"
#include "broker/settings.hpp"
#include "broker/tokens.hpp"
#include "domain/grant.hpp"
#include "domain/provider.hpp"

namespace agw {

/// A token that lives for this much less is not served any more.
inline constexpr std::chrono::seconds kAlive{1};
/// A token that came less than this ago is the best there is: it is served although it lives for less than
/// asked, and although a renewal is demanded, so that neither can make the gateway ask the provider at every
/// read.
inline constexpr std::chrono::seconds kJustIssued{30};

/// A grant as one read sees it, and what that means for the read. Pure: calls nobody but the provider's own
/// rules. References must outlive it.
class TokenView {
 public:
  using FoundProvider = Result<std::shared_ptr<Provider>>;
  struct Parts {
    const TokenRequest& request;
    const FoundProvider& provider;
    const BrokerSettings& settings;
    std::shared_ptr<const Grant> grant;
    std::optional<PlainTokens> kept;  ///< newer than the row's, on their way into it
    TimePoint now;
  };
  explicit TokenView(Parts parts);

  [[nodiscard]] const Parts& parts() const { return parts_; }
  [[nodiscard]] const Grant& grant() const { return *parts_.grant; }
  [[nodiscard]] const Scopes& scopes() const;
  [[nodiscard]] std::optional<TimePoint> expiresAt() const;

  /// The token lives for what the caller asked.
  [[nodiscard]] bool enough() const { return enough_; }
  /// It may be served without a renewal.
  [[nodiscard]] bool current() const { return current_; }
  /// Renewal is due.
  [[nodiscard]] bool due() const { return due_; }
  /// Renewal is due and may be tried behind the answer.
  [[nodiscard]] bool mayRenewBehind() const;

  /// `missing_scopes` when `granted` lacks scopes that the caller wants.
  [[nodiscard]] std::optional<Error> missing(const Scopes& granted) const;
  /// Why there is no renewal for a token that is not good enough; nothing when there may be one.
  [[nodiscard]] std::optional<Error> refusal() const;
  /// When asking again is worth it, for a token of these times.
  [[nodiscard]] std::optional<TimePoint> refreshAfter(TimePoint issuedAt,
                                                      const std::optional<TimePoint>& end) const;

 private:
  [[nodiscard]] TimePoint issuedAt() const;

  Parts parts_;
  bool enough_ = false;
  bool current_ = false;
  bool due_ = false;
};

}  // namespace agw
