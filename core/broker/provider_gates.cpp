#include "broker/provider_gates.hpp"

#include "broker/errors.hpp"

namespace agw {

using std::chrono::seconds;

namespace {

enum class Meaning { Answered, Away, Unclear };

// What the end of a renewal says about the provider as a whole.
Meaning meaningOf(const Error* error) {
  if (!error) return Meaning::Answered;
  switch (error->kind) {
    case ErrorKind::GrantDead:
    case ErrorKind::BadClient:
    case ErrorKind::Denied:
      return Meaning::Answered;
    case ErrorKind::Transient:
      return Meaning::Away;
    case ErrorKind::RateLimited:
      // Without a time it may be about this grant alone, which backs off by itself.
      return error->retryAfter > seconds(0) ? Meaning::Away : Meaning::Unclear;
    default:
      return Meaning::Unclear;
  }
}

}  // namespace

ProviderGates::Gate& ProviderGates::of(const std::string& provider) {
  auto& gate = gates_[provider];
  if (gate.open == nullptr) {
    gate.open = &metrics_.gauge("auth_gateway_breaker_open",
                                "Whether renewals are kept away from a provider that does not answer.",
                                {{"provider", provider}});
    gate.open->set(0);
    gate.pace.ramp(clock_.now());
  }
  return gate;
}

std::optional<Error> ProviderGates::told(std::optional<seconds> wait) {
  return wait ? std::optional(backingOff(word::kProviderUnavailable, *wait)) : std::nullopt;
}

std::optional<Error> ProviderGates::refusal(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  return told(of(provider).breaker.refusal(clock_.now()));
}

std::optional<Error> ProviderGates::admit(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  return told(of(provider).breaker.admit(clock_.now()));
}

void ProviderGates::ended(const std::string& provider, const std::string& grantId, const Error* error) {
  const double spread = jitter(random_);
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  Gate& gate = of(provider);
  switch (meaningOf(error)) {
    case Meaning::Answered:
      if (!gate.breaker.answered()) return;
      gate.pace.ramp(now);
      gate.open->set(0);
      log_.write(LogLevel::Info, "breaker_closed", {{"provider", provider}});
      return;
    case Meaning::Away:
      if (!gate.breaker.failed(now, grantId, spread, error->retryAfter)) return;
      gate.open->set(1);
      log_.write(LogLevel::Warning, "breaker_opened",
                 {{"provider", provider},
                  {"retry_after", std::to_string(gate.breaker.refusal(now).value_or(seconds(0)).count())}});
      return;
    case Meaning::Unclear:
      gate.breaker.undecided();
  }
}

void ProviderGates::setRate(const std::string& provider, int perSecond) {
  const std::lock_guard lock(mutex_);
  Gate& gate = of(provider);
  if (gate.perSecond == perSecond) return;
  gate.perSecond = perSecond;
  gate.pace.setRate(perSecond);
}

std::chrono::milliseconds ProviderGates::turn(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  return of(provider).pace.turn(clock_.now());
}

void ProviderGates::spend(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  of(provider).pace.spend(clock_.now());
}

}  // namespace agw
