#pragma once

#include <chrono>
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "config/settings.hpp"

namespace agw {

/// The running gateway: every part, wired. References given to `start` must outlive it.
class Service {
 public:
  /// Opens the database, checks the keys against it, loads the providers, listens. `BadOption` with a
  /// sentence for the operator when one of these cannot be; faults of providers.yaml go to the log one by
  /// one. When this returns, requests are answered.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(const Settings& settings,
                                                              Environment environment, const Clock& clock,
                                                              Random& random, Log& log);
  virtual ~Service() = default;

  [[nodiscard]] virtual int port() const = 0;
  /// Reads providers.yaml and the TLS certificate again, behind the caller. A faulty file changes nothing but
  /// the log.
  virtual void reload() = 0;
  /// Readiness turns false, nothing new is accepted, what is under way is finished; returns after `limit` at
  /// the latest, but for provider calls, which end by their own deadline. Call once.
  virtual void stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace agw
