#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "broker/provider_events.hpp"
#include "domain/installation.hpp"
#include "domain/provider.hpp"
#include "storage/storage.hpp"

namespace agw {

/// What the provider is answered.
struct WebhookAnswer {
  enum class Outcome {
    Applied,   ///< something new happened there
    Replayed,  ///< all of it was carried out before
    Nothing,   ///< verified, and no event that concerns grants
  } outcome = Outcome::Nothing;
  int status = 200;
  std::string contentType;  ///< empty with an empty body
  std::string body;         ///< empty: the provider wants none
};

[[nodiscard]] const char* toString(WebhookAnswer::Outcome outcome);

/// Takes what providers send by themselves: events, and questions whether the address is right. The entry's
/// plugin verifies each before anything else is believed. An event takes effect before it is answered and is
/// remembered only afterwards: what failed comes again, and what comes again has no effect. Counted in
/// `auth_gateway_webhooks_total` by provider entry and outcome. Safe to call from many threads.
class WebhookService {
 public:
  struct Parts {
    const ProviderDirectory& providers;
    Storage& storage;
    ProviderEvents& events;
    const Clock& clock;
    Log& log;
    Metrics& metrics;
  };
  explicit WebhookService(Parts parts);

  /// `Denied` (`invalid_signature`): not proven to be the provider's, or too old. `InvalidRequest`: proven,
  /// and not what the provider's protocol has. `NotFound`: no such provider entry (`unknown_provider`), or
  /// one without events (`not_found`). `Transient` (`provider_not_configured`): an operator has to complete
  /// the entry. After that and every other failure the provider should send it again.
  [[nodiscard]] Result<WebhookAnswer> take(const std::string& provider, const WebhookRequest& request,
                                           const std::string& requestId);

  /// One round of housekeeping: forgets what no provider sends again.
  Result<void> expire();

 private:
  [[nodiscard]] Result<WebhookAnswer> handle(Provider& provider, const WebhookRequest& request,
                                             const std::string& requestId);
  [[nodiscard]] Result<WebhookAnswer::Outcome> carryOut(const std::string& provider,
                                                        const WebhookRequest& request,
                                                        const std::vector<ProviderEvent>& events,
                                                        const std::string& requestId);
  void count(const std::string& provider, const Result<WebhookAnswer>& answer);

  Parts parts_;
};

}  // namespace agw
