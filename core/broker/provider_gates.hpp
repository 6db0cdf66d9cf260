#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "broker/breaker.hpp"
#include "broker/pace.hpp"

namespace agw {

/// What stands between the renewals of this process and each provider entry: its breaker and its pace. Safe
/// to call from many threads.
class ProviderGates {
 public:
  ProviderGates(const Clock& clock, Random& random, Log& log, Metrics& metrics)
      : clock_(clock), random_(random), log_(log), metrics_(metrics) {}

  // ---- the breaker: as `Breaker`, with `provider_unavailable` and its Retry-After for "stay away"
  [[nodiscard]] std::optional<Error> refusal(const std::string& provider);
  [[nodiscard]] std::optional<Error> admit(const std::string& provider);
  /// How an admitted renewal ended; null: the provider gave tokens.
  void ended(const std::string& provider, const std::string& grantId, const Error* error);

  // ---- the pace of renewals that nobody waits for
  void setRate(const std::string& provider, int perSecond);
  [[nodiscard]] std::chrono::milliseconds turn(const std::string& provider);
  void spend(const std::string& provider);

 private:
  struct Gate {
    Breaker breaker;
    Pace pace;
    int perSecond = 0;
    Gauge* open = nullptr;
  };
  Gate& of(const std::string& provider);
  static std::optional<Error> told(std::optional<std::chrono::seconds> wait);

  const Clock& clock_;
  Random& random_;
  Log& log_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::map<std::string, Gate> gates_;
};

}  // namespace agw
