#include "api/metrics/traffic.hpp"

#include <algorithm>

namespace agw::api {
namespace {

/// What the gateway answers with; another status is counted as `other`.
constexpr std::array kStatuses{200, 201, 202, 204, 302, 303, 304, 400, 401, 403, 404, 405, 408,
                               409, 413, 414, 415, 417, 429, 431, 500, 501, 502, 503, 505};

constexpr int kUnavailable = 503;

std::string millis(std::chrono::nanoseconds took) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  std::string fraction = std::to_string(micros % 1'000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(micros / 1'000) + "." + fraction;
}

}  // namespace

/// The series of one route: those of statuses that never occur are never made.
class Traffic::Series {
 public:
  Series(Metrics& metrics, const Route& route)
      : metrics_(metrics),
        method_(route.method),
        pattern_(route.pattern),
        timings_(metrics.timings("auth_gateway_http_request_seconds",
                                 "Time from the whole request to its answer, without the wait for a thread.",
                                 {{"method", method_}, {"route", pattern_}})) {}

  void count(int status, std::chrono::nanoseconds took) noexcept {
    counterOf(status).increment();
    timings_.observe(took);
  }
  [[nodiscard]] const std::string& method() const { return method_; }
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  Counter& counterOf(int status) {
    const auto* known = std::lower_bound(kStatuses.begin(), kStatuses.end(), status);
    const bool other = known == kStatuses.end() || *known != status;
    auto& place = counters_[static_cast<std::size_t>(other ? kStatuses.end() - kStatuses.begin()
                                                           : known - kStatuses.begin())];
    if (auto* counter = place.load(std::memory_order_acquire)) return *counter;
    Counter& made = metrics_.counter("auth_gateway_http_requests_total", "Answered requests.",
                                     {{"method", method_},
                                      {"route", pattern_},
                                      {"status", other ? std::string("other") : std::to_string(status)}});
    place.store(&made, std::memory_order_release);
    return made;
  }

  Metrics& metrics_;
  const std::string method_;
  const std::string pattern_;
  Timings& timings_;
  std::array<std::atomic<Counter*>, kStatuses.size() + 1> counters_{};
};

Traffic::Traffic(const std::vector<Route>& routes, Metrics& metrics, Log& log, AccessLog accessLog)
    : metrics_(metrics),
      log_(log),
      accessLog_(accessLog),
      late_(metrics.counter("auth_gateway_overload_refusals_total",
                            "Requests that were told to come back because there was too much to do.",
                            {{"reason", "late"}})) {
  // From 0: whoever watches must see the first one, too.
  for (const auto& [word, status] : errorTable()) errors(word);
  for (const auto& route : routes) series_.push_back(std::make_unique<Series>(metrics, route));
  series_.push_back(
      std::make_unique<Series>(metrics, Route{.method = "none", .pattern = "none", .handler = {}}));
}

Traffic::~Traffic() = default;

Counter& Traffic::errors(const std::string& word) {
  return metrics_.counter("auth_gateway_errors_total",
                          "Answers that were errors, by the word of the contract.", {{"error", word}});
}

void Traffic::answered(const Request& request, const Response& response,
                       std::chrono::nanoseconds took) noexcept {
  const auto index = static_cast<std::size_t>(response.route);
  Series& series = index < series_.size() ? *series_[index] : *series_.back();
  try {
    series.count(response.status, took);
    if (request.late && response.status == kUnavailable) late_.increment();
    if (!response.error.empty()) errors(response.error).increment();
    if (accessLog_ == AccessLog::All || (accessLog_ == AccessLog::Errors && response.status >= 400))
      write(series, request, response, took);
  } catch (...) {
    // What cannot be told about an answer must not take the answer away.
  }
}

void Traffic::write(const Series& series, const Request& request, const Response& response,
                    std::chrono::nanoseconds took) {
  log_.write(LogLevel::Info, "request",
             {{"request_id", request.requestId},
              {"method", series.method()},
              {"route", series.pattern()},
              {"status", std::to_string(response.status)},
              {"error", response.error},
              {"ms", millis(took)},
              {"key", response.keyId},
              {"peer", request.peer}});
}

}  // namespace agw::api
