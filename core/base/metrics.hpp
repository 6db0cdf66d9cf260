#pragma once

#include <chrono>
#include <map>
#include <string>

namespace agw {

// What the gateway counts about itself. Parts take a `Metrics&`, ask it once for each series that they feed,
// and keep the reference: asking costs a lock and a look-up, feeding a few nanoseconds. Series live as long
// as the `Metrics` that gave them. Feeding never throws and is safe from many threads.

/// Only goes up. Its name ends with `_total`.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount) noexcept = 0;
  void increment() noexcept { add(1); }
};

/// Goes both ways: lengths, states (1 or 0), times to go.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) noexcept = 0;
  virtual void add(double amount) noexcept = 0;
};

/// How long something took, in buckets from 100 µs to 10 s. Its name ends with `_seconds`.
class Timings {
 public:
  virtual ~Timings() = default;
  virtual void observe(std::chrono::nanoseconds took) noexcept = 0;
};

/// Tells one series of a name from the others: `{{"provider", "crm"}, {"outcome", "ok"}}`.
///
/// Values come from a closed set: provider entries, words of ours, route patterns, status codes. Nothing that
/// a request chooses, and never an e-mail, key id or token: who can read metrics may read nothing else.
using Labels = std::map<std::string, std::string>;

/// Gives series by name and labels; the same ones give the same series. Names start with `auth_gateway_` and
/// carry the unit; `help` is one sentence, the same at every call for a name. Safe to call from many threads.
///
/// A name has at most 1,000 series: what is asked for beyond goes to one that nobody sees, so that a mistake
/// with labels cannot eat the memory of this process or of whoever collects.
class Metrics {
 public:
  virtual ~Metrics() = default;
  [[nodiscard]] virtual Counter& counter(const std::string& name, const std::string& help,
                                         const Labels& labels = {}) = 0;
  [[nodiscard]] virtual Gauge& gauge(const std::string& name, const std::string& help,
                                     const Labels& labels = {}) = 0;
  [[nodiscard]] virtual Timings& timings(const std::string& name, const std::string& help,
                                         const Labels& labels = {}) = 0;
};

/// Counts nothing: for the operator's commands, and tests that do not look.
[[nodiscard]] Metrics& noMetrics();

}  // namespace agw
