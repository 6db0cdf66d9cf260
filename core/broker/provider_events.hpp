#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "broker/installation_end.hpp"
#include "broker/installation_tokens.hpp"
#include "domain/installation.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Carries out what a provider says has happened there, once its word is verified. Effects are immediate,
/// here and on every replica, and the same however often an event comes: what is over already stays over, and
/// an installation that was made anew meanwhile is left alone. The provider is never told of its own events.
/// Declared installations are the operator's: of them, only tokens that were made before are not served any
/// more, so that the next read asks the provider. Safe to call from many threads.
class ProviderEvents {
 public:
  struct Parts {
    Storage& storage;
    InstallationEnder& ender;
    InstallationTokens& tokens;
    const Clock& clock;
    Log& log;
  };
  explicit ProviderEvents(Parts parts);

  /// Success also when the event is about nothing that is here. A failure means that the provider should send
  /// it again.
  Result<void> apply(const std::string& provider, const ProviderEvent& event, const std::string& requestId);

 private:
  [[nodiscard]] Result<std::optional<Installation>> find(const std::string& provider,
                                                         const ProviderEvent& event);
  Result<void> uninstalled(const std::string& provider, const ProviderEvent& event,
                           const std::string& requestId);
  Result<void> changed(const std::string& provider, const ProviderEvent& event, const std::string& requestId);
  Result<void> tokensRevoked(const std::string& provider, const ProviderEvent& event,
                             const std::string& requestId);
  Result<void> consentEnded(const std::string& provider, const ProviderEvent& event,
                            const std::string& requestId);
  [[nodiscard]] Result<bool> isNewer(const Installation& row, const std::optional<TimePoint>& at);
  /// Deletes the grants as far as they are older than the event; an installation whose consent has none left
  /// is over.
  Result<void> drop(const std::vector<Grant>& grants, const ProviderEvent& event,
                    const std::string& requestId);
  Result<void> endWithoutTokens(const std::string& provider, const std::string& consentId,
                                const std::string& requestId);
  [[nodiscard]] Result<void> carryOut(const std::string& provider, const ProviderEvent& event,
                                      const std::string& requestId);
  void record(const std::string& provider, const std::string& profile, const char* event,
              const std::string& requestId);

  Parts parts_;
};

}  // namespace agw
